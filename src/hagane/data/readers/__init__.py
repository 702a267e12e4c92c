"""One reader a file: each makes some kind of source scannable. To add one: a file here and a line in `READERS`."""

READERS: dict[str, str] = {
    "parquet": "hagane.data.readers.parquet",
    "csv": "hagane.data.readers.csv",
    "json_lines": "hagane.data.readers.json_lines",
}
"""Kind of file (as in `hagane.data.source_files.KINDS`) → the module whose `read` opens it, imported when needed."""

DATABASES: dict[str, str] = {
    "bigquery": "hagane.data.readers.bigquery",
    "postgres": "hagane.data.readers.database",
    "postgresql": "hagane.data.readers.database",
    "sqlite": "hagane.data.readers.database",
}
"""Scheme of a URI → the module whose `read` opens a table or a query of that database, imported when needed."""
