"""Columns by name, as protocols of tensors send them, become rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hagane.bundle.faults import describe, path_to
from hagane.errors import Fault

_PLACE = re.compile(r"instances\[(\d+)\]((?:\.[^.\[]+|\['.*?'\])+)?(.*)", re.DOTALL)


def rows_of_columns(columns: Mapping[str, object], where: str, faults: list[Fault]) -> list[dict[str, Any]]:
    """One dict a row. What is no list, or not as long as the first, is added to `faults`, and there are no rows then.

    >>> rows_of_columns({"age": [3, 4], "job": ["pilot", None]}, "inputs", [])
    [{'age': 3, 'job': 'pilot'}, {'age': 4, 'job': None}]
    >>> found = []
    >>> rows_of_columns({"age": [3, 4], "job": ["pilot"]}, "inputs", found), found[0].where, found[0].what
    ([], 'inputs.job', 'job has 1 value, age has 2')
    """
    first, num_rows, fine = "", -1, True
    for name, values in columns.items():
        what = expected = ""
        if not isinstance(values, list):
            what, expected = f"{name} is not a list", "a list of values, one a row"
        elif num_rows < 0:
            first, num_rows = name, len(values)
        elif len(values) != num_rows:
            what = f"{name} has {len(values)} value{'s' * (len(values) != 1)}, {first} has {num_rows}"
            expected = "as many values for each column"
        if what:
            fine = False
            faults.append(Fault(what=what, where=path_to(where, name), expected=expected, received=describe(values)))
    if not fine or num_rows < 0:
        return []
    names = tuple(columns)
    return [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def place_in_column(where: str, root: str) -> str:
    """Where `instances[3].age` stands among columns.

    >>> place_in_column("instances[3].age", "inputs"), place_in_column("instances", "inputs")
    ('inputs.age[3]', 'inputs')
    >>> place_in_column("instances[3].tags[1]", "inputs")
    'inputs.tags[3][1]'
    """
    found = _PLACE.fullmatch(where)
    if found is None:
        return root
    row, name, rest = found.groups()
    return f"{root}{name or ''}[{row}]{rest}"


def place_in_rows(where: str, root: str) -> str:
    """Where `instances[3].age` stands among rows that are called otherwise.

    >>> place_in_rows("instances[3].age", "examples")
    'examples[3].age'
    """
    return root + where.removeprefix("instances") if where.startswith("instances") else where
