"""`table_path`: the name of a table as a query has it, in its parts, or the path of a file."""

from __future__ import annotations

from typing import NamedTuple

from sqlglot import exp

from hagane.data.source_files import SUFFIXES
from hagane.data.source_uri import parse_uri


class TablePath(NamedTuple):
    """`project.dataset.table`, and whether a file may be meant."""

    text: str
    """Without quotes."""
    parts: tuple[str, ...]
    may_be_file: bool

    @property
    def view_of_schema(self) -> str:
        """`TABLES` of `dataset.INFORMATION_SCHEMA.TABLES`; empty for any other name."""
        upper = [part.upper() for part in self.parts]
        return upper[-1] if len(upper) > 1 and upper[-2] == "INFORMATION_SCHEMA" else ""


def table_path(table: exp.Table) -> TablePath:
    """What the node names.

    >>> import sqlglot
    >>> node = sqlglot.parse_one("SELECT * FROM `data/x.parquet`", read="bigquery").find(exp.Table)
    >>> table_path(node).text, table_path(node).may_be_file
    ('data/x.parquet', True)
    """
    identifiers = [table.args.get(key) for key in ("catalog", "db", "this")]
    text = ".".join(identifier.name for identifier in identifiers if identifier is not None)
    is_quoted = any(identifier is not None and identifier.args.get("quoted") for identifier in identifiers)
    lower = text.lower()
    looks_like_file = "/" in text or lower.endswith(SUFFIXES) or parse_uri(text) is not None
    return TablePath(text, tuple(text.split(".")), is_quoted and looks_like_file)
