"""Pages for patients, search, sitemaps, structured data and the feedback form. May import publishing."""
