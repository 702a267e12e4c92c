"""What statements do: one file a kind of statement."""
