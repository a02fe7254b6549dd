"""The project: settings, URLs, what every app shares. Only settings, urls and checks name other packages."""
