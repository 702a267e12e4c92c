"""Whether data have changed: distributions of features, and how far two of them lie apart."""
