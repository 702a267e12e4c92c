"""An endpoint's windows as a page."""
