"""`init`: look at a table and write the spec that a person would then edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from hagane.counted import counted
from hagane.data.open_table import open_table
from hagane.data.table import Table
from hagane.features.automatic import LeftOut
from hagane.number_text import percent_text
from hagane.progress import SILENT, Progress
from hagane.spec.spec import Model, Spec
from hagane.spec.write_yaml import write_commented_yaml
from hagane.statistics.leaks import Leak
from hagane.statistics.measure import measure_statistics
from hagane.statistics.statistics import ColumnStatistics, Statistics
from hagane.workflow.check_declared import check_declared
from hagane.workflow.default_split import with_default_split
from hagane.workflow.label_rows import label_rows
from hagane.workflow.look_for_leaks import look_for_leaks
from hagane.workflow.resolve import check_with_schema, resolve


def init(
    data: str | Sequence[str],
    label: str | Sequence[str],
    *,
    tables: Mapping[str, str] | None = None,
    model: str = "auto",
    defaults: Literal["hagane", "bigquery"] = "hagane",
    progress: Progress = SILENT,
) -> str:
    """The commented YAML of a spec for `data`: automatic preprocessing spelled out, leaks left out.

    Raises SpecError when the label is not a column, DataError when the data cannot be read.
    """
    source = data if isinstance(data, str) else tuple(data)
    labels = label if isinstance(label, str) else tuple(label)
    asked = Spec(data=source, label=labels, tables=dict(tables or {}), model=Model(type=model), defaults=defaults)
    check_declared(asked)
    table = open_table(source, tables=asked.tables, progress=progress)
    check_with_schema(asked, table.schema, table.unsupported)
    labelled = label_rows(asked, table)
    table, asked = labelled.table, with_default_split(labelled.spec, labelled.table)
    statistics = measure_statistics(table, progress=progress)
    leaks = [leak for name in asked.labels for leak in look_for_leaks(table, name, statistics, progress)]
    excluded = tuple(dict.fromkeys(leak.column for leak in leaks if leak.column not in asked.labels))
    resolved = resolve(_with_exclude(asked, excluded), table.schema, statistics)
    comments = remarks(resolved.spec, table, statistics, leaks, resolved.left_out)
    return write_commented_yaml(
        labelled.asked(resolved.spec), comments=comments, header=_header(table, statistics, leaks, resolved.left_out)
    )


def remarks(
    spec: Spec, table: Table, statistics: Statistics, leaks: Sequence[Leak], left_out: Sequence[LeftOut]
) -> dict[str, str]:
    """What stands beside a value: for a feature what its column looks like, for `exclude` why."""
    found = {name: column_remark(statistics[name]) for name in spec.transform or {} if name in table.schema}
    looks = [f"{table.schema[name].type.value}, {column_remark(statistics[name])}" for name in spec.labels]
    found["label"] = looks[0] if len(looks) == 1 else counted(len(looks), "label")
    if leaks:
        found["exclude"] = "suspected leaks: " + ", ".join(f"{leak.column} ({leak.reason})" for leak in leaks)
    return found


def column_remark(column: ColumnStatistics) -> str:
    """A few words on what a column holds."""
    missing = (
        f", {percent_text(column.num_nulls / (column.num_nulls + column.count))} missing" if column.num_nulls else ""
    )
    if column.mean is not None and column.min is not None:
        return f"{_short(column.min)} … {_short(column.max)}, mean {_short(column.mean)}{missing}"
    return f"{counted(column.num_distinct or 0, 'value')}{missing}"


def _short(value: object) -> str:
    """Numbers in four digits, what stands before the point in full.

    >>> _short(189778.367), _short(0.00025), _short(2013), _short("2013-01-01")
    ('189778', '0.00025', '2013', '2013-01-01')
    """
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"


def _with_exclude(spec: Spec, excluded: tuple[str, ...]) -> Spec:
    return msgspec.structs.replace(spec, exclude=excluded)


def _header(table: Table, statistics: Statistics, leaks: Sequence[Leak], left_out: Sequence[LeftOut]) -> str:
    size = f"{counted(statistics.num_rows, 'row')}, {counted(len(table.schema), 'column')}"
    lines = [f"{size}. Train it with: hagane train THIS_FILE"]
    lines += [f"Left out: {left.column}: {left.reason}" for left in left_out]
    lines += [f"Suspected leak, excluded: {leak.column}: {leak.reason}" for leak in leaks]
    return "\n".join(lines)
