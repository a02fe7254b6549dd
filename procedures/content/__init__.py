"""The sample content of a new site, as data, and its loader. May import staff."""
