"""`outliers_of` and `set_outliers_aside`: rows unlike the others, found, shown, and kept beside the training rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hagane.anomalies.bind_conditions import bind_conditions
from hagane.anomalies.find_outliers import FoundOutliers, copy_outliers, find_outliers
from hagane.anomalies.isolation_forest import scorable
from hagane.anomalies.outlier_report import OutlierReport, OutlierRow
from hagane.anomalies.set_aside import set_aside
from hagane.data.engine import quote_name
from hagane.data.open_table import open_table
from hagane.data.split import Splits
from hagane.data.table import ROW, Table
from hagane.errors import ExpressionError, Fault, SpecError, nearest
from hagane.progress import SILENT, Progress
from hagane.spec.outliers import Outliers, outlier_faults
from hagane.spec.spec import Spec
from hagane.sql.bind import bind_all
from hagane.sql.expression import columns_of
from hagane.types import Schema
from hagane.workflow.check_not_input import check_not_input
from hagane.workflow.check_output import check_parquet_output

NUM_EXAMPLES = 5


class Kept(NamedTuple):
    """Splits without their outliers, and what was set aside."""

    splits: Splits
    outliers: OutlierReport | None
    """None where the spec looks for none."""


def outliers_of(
    data: object,
    outliers: Outliers,
    *,
    exclude: Sequence[str] = (),
    tables: Mapping[str, str] | None = None,
    out: Path | None = None,
    num_examples: int = NUM_EXAMPLES,
    seed: int = 42,
    memory_limit: str | int | None = None,
    progress: Progress = SILENT,
) -> OutlierReport:
    """The outliers of `data` (whatever `open_table` takes), all of them written to the Parquet file `out` if given.

    `exclude` are columns that no forest looks at, `memory_limit` what rows in work may take. Raises SpecError for a
    declaration that cannot be, DataError.
    """
    if faults := list(outlier_faults(outliers)):
        raise SpecError(*faults)
    if out is not None:
        check_parquet_output(out, option="-o", what="outliers are")
        check_not_input(data, out, option="-o", tables=tables)
    table = open_table(data, tables=tables or {}, progress=progress, memory_limit=memory_limit)
    table.check_columns(tuple(exclude))
    check_outliers(outliers, table.schema)
    columns = _columns(outliers, [name for name in table.schema.names if name not in exclude])
    found = find_outliers(table, outliers, columns=columns, seed=seed, progress=progress)
    if out is not None:
        copy_outliers(table, found, out)
    return _report(table, outliers, found, out, num_examples)


def check_outliers(outliers: Outliers | None, schema: Schema) -> None:
    """Raise SpecError with every fault that can be seen before a row is read: names, types, conditions."""
    if outliers is None:
        return
    faults: list[Fault] = []
    try:
        bind_conditions(outliers.rules, schema, where="outliers.rules")
    except ExpressionError as error:
        faults += error.faults
    for key in ("z_score", "iqr"):
        for name in getattr(outliers, key):
            faults += _name_faults(name, f"outliers.{key}.{name}", schema, is_number=True)
    for index, name in enumerate(outliers.isolation_score.columns if outliers.isolation_score else ()):
        faults += _name_faults(name, f"outliers.isolation_score.columns[{index}]", schema, is_number=False)
    if faults:
        raise SpecError(*faults)


def set_outliers_aside(splits: Splits, spec: Spec, folder: Path, progress: Progress) -> Kept:
    """Leave the training rows out that the spec calls outliers, and write them to a new file in `folder`.

    Rows of eval and test stay. Raises DataError where more are outliers than the spec allows.
    """
    outliers, train = spec.outliers, splits.train
    if outliers is None:
        return Kept(splits, None)
    columns = columns_to_score(outliers, spec, train.schema)
    found = find_outliers(train, outliers, columns=columns, seed=spec.training.seed, progress=progress)
    path = _keep(train, found, folder) if found.count else None
    report = _report(train, outliers, found, path, NUM_EXAMPLES)
    return Kept(set_aside(splits, found), report)


def columns_to_score(outliers: Outliers, spec: Spec, schema: Schema) -> tuple[str, ...]:
    """The columns that an isolation forest looks at: those that it names, or that the spec's features read."""
    return _columns(outliers, _read_by_features(spec, schema))


def _keep(table: Table, found: FoundOutliers, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"outliers-{found.digest[:12]}.parquet"
    copy_outliers(table, found, path)
    return path


def _columns(outliers: Outliers, others: Sequence[str]) -> tuple[str, ...]:
    named = outliers.isolation_score.columns if outliers.isolation_score else ()
    return named or tuple(others)


def _read_by_features(spec: Spec, schema: Schema) -> list[str]:
    """The columns that the spec's features read, or that automatic preprocessing may read."""
    if spec.transform is not None:
        read = {name for tree in bind_all(spec.transform, schema).values() for name in columns_of(tree)}
        return [column.name for column in scorable(schema.columns) if column.name in read]
    left_out = {*spec.labels, *spec.exclude, spec.split.column}
    return [column.name for column in scorable(schema.columns) if column.name not in left_out]


def _name_faults(name: str, where: str, schema: Schema, *, is_number: bool) -> list[Fault]:
    if name not in schema:
        near = nearest(name, schema.names)
        return [
            Fault(what=f"the data have no column '{name}'", where=where, nearest=near, next_step="correct the name")
        ]
    column = schema[name]
    if is_number and not column.type.is_numeric:
        return [
            Fault(what=f"'{name}' is no number", where=where, expected="INT64 or FLOAT64", received=column.type.value)
        ]
    if not is_number and not len(scorable([column])):
        return [Fault(what=f"rows cannot be scored by '{name}'", where=where, received=column.type.value)]
    return []


def _report(table: Table, outliers: Outliers, found: FoundOutliers, path: Path | None, most: int) -> OutlierReport:
    return OutlierReport(
        num_rows=found.num_rows,
        num_outliers=found.count,
        rules=found.counts,
        threshold=found.threshold,
        path=str(path) if path is not None else None,
        examples=_examples(table, outliers, found, most) if found.count else (),
        notes=found.notes,
    )


def _examples(table: Table, outliers: Outliers, found: FoundOutliers, most: int) -> tuple[OutlierRow, ...]:
    """The outliers of the highest scores (first those that none has), with the values of the columns to blame."""
    rules = bind_conditions(outliers.rules, table.schema, where="outliers.rules")
    read = {f"rules.{name}": columns_of(tree) for name, tree in rules.items()}
    top = f"SELECT * FROM {found.sql} ORDER BY hagane_isolation_score DESC NULLS LAST, {ROW} LIMIT {most}"
    texts = ", ".join(f"{quote_name(name)}: CAST(rows.{quote_name(name)} AS VARCHAR)" for name in table.schema.names)
    sql = (
        f"SELECT top.*, to_json({{{texts}}}) AS row_values FROM ({top}) AS top JOIN data AS rows USING ({ROW}) "
        f"ORDER BY hagane_isolation_score DESC NULLS LAST, {ROW}"
    )
    return tuple(_example(table, row, read) for row in table.query(sql, with_row=True).to_pylist())


def _example(table: Table, row: dict[str, Any], read: Mapping[str, Sequence[str]]) -> OutlierRow:
    rules, columns = tuple(row["hagane_outlier_rules"]), tuple(row["hagane_outlier_columns"] or ())
    by_rules = [name for rule in rules for name in read.get(rule, [rule.partition(".")[2]] if "." in rule else [])]
    values = json.loads(row["row_values"])
    shown = {name: values[name] for name in dict.fromkeys([*by_rules, *columns])}
    return OutlierRow(table.place(row[ROW]), rules, row["hagane_isolation_score"], columns, shown)
