"""`merge_models`: the summaries of several deployed models as one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import reduce

import msgspec

from hagane.monitoring.window_summary import PARTS, WindowSummary
from hagane.statistics.statistics import Statistics


def merge_models(found: Sequence[WindowSummary]) -> WindowSummary | None:
    """Of all rows, whoever answered them: columns by name, of the last model's type. None of none.

    A column that not all models have is that of those that have it; what is hashed in one and not in another is left
    out. What is kept of a model's answers beyond their distribution stays where one version has answered all.

    >>> from hagane.monitoring.windows import Window
    >>> empty = Statistics(num_rows=0, columns=())
    >>> ones = [WindowSummary(window=Window(0, 9), deployed_model_id=f"d{v}", model="late", version=v, num_rows=2,
    ...                       traffic=2.0, num_errors=0, inputs=empty, predictions=empty) for v in "12"]
    >>> both = merge_models(ones)
    >>> both.num_rows, both.version
    (4, '1, 2')
    """
    if len(found) < 2:
        return found[0] if found else None
    last = found[-1]
    names = dict.fromkeys(f"{each.model}@{each.version}" for each in found)
    is_one = len(names) == 1
    mixed = {name for each in found for name in each.hashed if any(name not in other.hashed for other in found)}
    parts = {} if is_one else dict.fromkeys(PARTS)
    bare = [msgspec.structs.replace(each, **parts, **_NO_COLUMNS) for each in found]
    return msgspec.structs.replace(
        reduce(lambda one, other: one.merge(other), bare),
        deployed_model_id=", ".join(sorted({each.deployed_model_id for each in found})),
        model=last.model,
        version=", ".join(sorted({each.version for each in found if each.model == last.model})),
        inputs=_by_name([each.inputs for each in found], leave_out=mixed),
        predictions=_by_name([each.predictions for each in found]),
        hashed=last.hashed,
    )


_NO_COLUMNS = {side: Statistics(num_rows=0, columns=()) for side in ("inputs", "predictions")}


def _by_name(sides: Sequence[Statistics], *, leave_out: Collection[str] = ()) -> Statistics:
    types = {column.name: column.type for side in sides for column in side if column.name not in leave_out}
    columns = (
        reduce(lambda one, other: one.merge(other), same)
        for name, type_ in types.items()
        if (same := [side[name] for side in sides if name in side and side[name].type is type_])
    )
    return Statistics(
        num_rows=sum(side.num_rows for side in sides),
        columns=tuple(columns),
        num_sampled_rows=sum(side.num_sampled_rows for side in sides),
    )
