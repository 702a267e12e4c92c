"""A study as a page: what was tried, what it came to, and what mattered."""
