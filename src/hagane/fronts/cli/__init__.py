"""The command line: one file a command, and the renderings that they share."""
