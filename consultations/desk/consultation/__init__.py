"""The page of one request: what may be done next, its history and its files."""
