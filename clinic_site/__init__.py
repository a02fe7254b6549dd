"""The project: settings, URLs and what every app shares. Only settings, urls and checks name other packages."""
