"""What the parts of a split are called, in the order of their numbers."""

PART_NAMES = ("train", "eval", "test")
