"""Bearer tokens: made, kept by their hashes, and asked for."""
