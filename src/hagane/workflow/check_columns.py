"""`check_columns`: data that lack what a model reads are refused by every name."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.data.table import Table
from hagane.errors import DataError, Fault, nearest

FEW = 3
"""Missing columns up to which each is a fault of its own, even where nothing is like it."""


def check_columns(table: Table, names: Sequence[str]) -> None:
    """Raise DataError naming every column that is missing."""
    missing = [name for name in dict.fromkeys(names) if name not in table.schema]
    if len(missing) > FEW and not any(nearest(name, table.schema.names) for name in missing):
        raise DataError(_other_data(missing, table))
    if missing:
        raise DataError(
            *(
                Fault(
                    what=f"the data have no column '{name}'",
                    expected="the columns of the model's signature and its label",
                    nearest=nearest(name, table.schema.names),
                    next_step="add the column, or rename one in a query (SELECT … AS …)",
                )
                for name in missing
            )
        )


def _other_data(missing: Sequence[str], table: Table) -> Fault:
    """Many columns that are missing, none of which is there by another name: other data than the model's."""
    return Fault(
        what=f"the data have none of the columns {_listed(missing)}",
        expected="the columns of the model's signature and its label",
        received=_listed(table.schema.names),
        next_step="give data like those of training, or make the columns in a query (SELECT … AS …)",
    )


def _listed(names: Sequence[str], most: int = 20) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
