"""`family_groups`: the options of a spec that belong to one family out of several that may be chosen.

Where `model.type` is `HPARAM_CANDIDATES([…])`, a key of `model.options` that is the name of one of these families holds
options of that family alone; the others are of every family.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hagane.errors import ExpressionError
from hagane.spec.spec import Model
from hagane.sql.hparams import find_hparams


def family_groups(model: Model) -> tuple[str, ...]:
    """The families that have a group of options.

    >>> options = {"l2_reg": 1, "logistic_reg": {"l1_reg": 2}}
    >>> family_groups(Model(type="HPARAM_CANDIDATES(['logistic_reg', 'dnn_classifier'])", options=options))
    ('logistic_reg',)
    >>> family_groups(Model(type="logistic_reg", options=options))
    ()
    """
    try:
        families = [family for found in find_hparams(model.type) for family in found.candidates]
    except ExpressionError:  # told where the family is looked at
        return ()
    return tuple(name for name, value in model.options.items() if name in families and isinstance(value, Mapping))


def options_of_family(options: Mapping[str, Any], family: str, groups: tuple[str, ...]) -> dict[str, Any]:
    """What is left for `family`: the options of every family, then its own.

    >>> options_of_family({"l2_reg": 1, "trees": {"l2_reg": 2, "depth": 3}, "nets": {}}, "trees", ("trees", "nets"))
    {'l2_reg': 2, 'depth': 3}
    """
    shared = {name: value for name, value in options.items() if name not in groups}
    return shared | (dict(options[family]) if family in groups else {})
