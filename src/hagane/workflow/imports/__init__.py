"""Models that were trained elsewhere: their files become bundles."""
