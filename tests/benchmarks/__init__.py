"""``make bench``: how fast the site is, beside two small applications on the same server."""
