"""Graphs at work: the packing of raw columns, and sessions whose answers do not depend on the batch."""
