"""The functions that stand in FROM: `ML.PREDICT(MODEL m, TABLE t)` and its kind.

`TABLE_FUNCTIONS` is the table: one line a function, imported only when it is called.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hagane.session.table_function import TableFunction

TABLE_FUNCTIONS: dict[str, str] = {
    "ML.EVALUATE": "hagane.session.functions.evaluate:Evaluate",
    "ML.PREDICT": "hagane.session.functions.predict:Predict",
}
"""Name with namespace → `module:Class`. The class is made without arguments and satisfies `TableFunction`."""


def get_table_function(name: str) -> TableFunction | None:
    """The function called `name` (`ML.PREDICT`), or None."""
    place = TABLE_FUNCTIONS.get(name.upper())
    if place is None:
        return None
    module, _, attribute = place.partition(":")
    function: TableFunction = getattr(importlib.import_module(module), attribute)()
    return function
