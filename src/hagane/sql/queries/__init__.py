"""BigQuery's queries as DuckDB's: parsed trees, typed, every difference between the two written out; nothing runs here."""
