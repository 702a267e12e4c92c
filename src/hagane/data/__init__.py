"""Readers, tables and splits: from whatever holds rows to streams of typed record batches."""
