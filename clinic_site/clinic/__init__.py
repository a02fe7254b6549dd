"""The clinic: profile, opening hours, closures, business hours, its own pages. Imports ``core``."""
