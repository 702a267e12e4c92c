"""`class_column_names`: classes as names of columns, as ML.CONFUSION_MATRIX has them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hagane.evaluation.evaluation import Label, label_text

_NOT_IN_A_NAME = re.compile(r"[^\w\s&%=+:'<>#|-]")
"""What no name of a column in BigQuery may hold."""


def class_column_names(classes: Sequence[Label]) -> list[str]:
    """One name a class: `_` for what a name cannot hold and before a digit; a number behind names that are there twice.

    >>> class_column_names([0, 1]), class_column_names(["Adelie (X)", "<=50K", "a.b", "A/b"])
    (['_0', '_1'], ['Adelie _X_', '<=50K', 'a_b', 'A_b_1'])
    """
    names: list[str] = []
    taken: set[str] = set()
    for text in map(label_text, classes):
        name = _NOT_IN_A_NAME.sub("_", text)
        name = f"_{name}" if not name or name[0].isdigit() else name
        numbered, number = name, 0
        while numbered.lower() in taken:
            number += 1
            numbered = f"{name}_{number}"
        taken.add(numbered.lower())
        names.append(numbered)
    return names
