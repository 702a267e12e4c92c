"""`WarmStartOptions`: the model with which a training begins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from hagane.errors import Fault


class WarmStartOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Begin with the parameters of an earlier model instead of fresh ones."""

    model: str | None = None
    """A name (`late`: its newest version), a name and version, the path of a bundle, of a run's folder or of one of its
    checkpoints. None: the newest version of the model that is trained, as BigQuery ML's WARM_START does."""
    transform: Literal["reuse", "refit"] = "reuse"
    """`reuse`: the earlier model's features as they were fitted. `refit`: they are fitted on the new rows, and
    parameters find their places by the names of features, the values of categories."""


def as_warm_start(value: WarmStartOptions | str | bool | None) -> WarmStartOptions | None:
    """What the short forms of a spec stand for: a text the model, `true` the newest version of the same name.

    >>> as_warm_start("late@3"), as_warm_start(True), as_warm_start(False)
    (WarmStartOptions(model='late@3', transform='reuse'), WarmStartOptions(model=None, transform='reuse'), None)
    """
    if isinstance(value, str):
        return WarmStartOptions(model=value)
    if isinstance(value, bool):
        return WarmStartOptions() if value else None
    return value


def warm_start_faults(warm_start: WarmStartOptions | None, where: str) -> Iterator[Fault]:
    """A model without a name."""
    if warm_start is not None and warm_start.model == "":
        yield Fault(what="the model to begin with has no name", where=where, expected="a name, name@version, or a path")
