"""The description as one HTML page."""
