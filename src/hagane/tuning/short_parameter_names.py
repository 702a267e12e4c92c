"""`short_parameter_names`: hyperparameters as people call them."""

from __future__ import annotations

from collections.abc import Sequence


def short_parameter_names(names: Sequence[str]) -> dict[str, str]:
    """Name → the last of its parts, with as many of those before as tell it from the others.

    >>> short_parameter_names(["model.options.dropout", "transform.route", "transform.route[1]"])
    {'model.options.dropout': 'dropout', 'transform.route': 'route', 'transform.route[1]': 'route[1]'}
    >>> list(short_parameter_names(["transform.age", "outliers.rules.age"]).values())
    ['transform.age', 'rules.age']
    """
    parts = {name: name.split(".") for name in names}
    shown = {}
    for name, own in parts.items():
        length = 1
        while length < len(own) and any(
            other[-length:] == own[-length:] for key, other in parts.items() if key != name
        ):
            length += 1
        shown[name] = ".".join(own[-length:])
    return shown
