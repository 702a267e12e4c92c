"""The BigQuery dialect: text to typed trees, and the one rewriter to DuckDB. Nothing runs here."""
