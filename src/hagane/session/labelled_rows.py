"""`labelled_rows`: the rows that a function was given, as far as a model and its label need them."""

from __future__ import annotations

from hagane.bundle.bundle import Bundle
from hagane.data.keep_columns import keep_columns
from hagane.data.table import Table
from hagane.session.function_call import FunctionCall
from hagane.workflow.evaluate import types_of


def labelled_rows(call: FunctionCall, bundle: Bundle) -> Table | None:
    """A table of what the model reads and of its label; None where the call names no rows.

    Raises DataError for columns that are missing and for values that do not fit.
    """
    if not call.data:
        return None
    rows = call.data[0]
    return keep_columns(rows.schema, rows.reader, types_of(bundle.signature))
