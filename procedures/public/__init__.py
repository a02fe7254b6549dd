"""The pages that patients read, sitemaps, structured data and the feedback form. May import publishing."""
