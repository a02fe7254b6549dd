"""The queue of requests: tabs, filters, search and bulk assignment."""
