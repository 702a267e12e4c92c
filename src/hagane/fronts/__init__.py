"""The ways in: the command line, Python and the demo."""
