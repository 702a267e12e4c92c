"""What must hold between the values of a spec, whatever wrote it: YAML, Python, SQL or the command line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

from hagane.errors import Fault, SpecError, nearest
from hagane.memory_budget import MemoryBudget
from hagane.spec.check_data_schema import data_schema_faults
from hagane.spec.check_held_out import held_out_faults
from hagane.spec.check_label import label_faults
from hagane.spec.check_monitoring import monitoring_faults
from hagane.spec.check_training import training_faults
from hagane.spec.check_tuning import tuning_faults
from hagane.spec.data_schema import DataSchema
from hagane.spec.open_value import closed_variants
from hagane.spec.outliers import outlier_faults
from hagane.spec.spec import Spec, Split

MODEL_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
"""What a model may be called: it names a folder, and stands before '@' and in URLs."""

SPLITS_BY_COLUMN = ("key", "time", "column")
SPLITS_BY_FRACTION = ("random", "key", "time")


def check_spec(spec: Spec, *, lines: Mapping[str, int] | None = None, path: str = "spec") -> None:
    """Raise SpecError with every fault of `spec` that can be seen without its data.

    `lines` (spec path → line) and `path` let the faults name the place in a file.

    >>> from hagane.spec.spec import Split
    >>> check_spec(Spec(data="f.csv", label="y", split=Split(method="time")))
    Traceback (most recent call last):
    hagane.errors.SpecError: a split by 'time' needs a column
      where: split.column
      next: set split.column
    """
    if faults := spec_faults(spec, lines=lines, path=path):
        raise SpecError(*faults)


def spec_faults(spec: Spec, *, lines: Mapping[str, int] | None = None, path: str = "spec") -> list[Fault]:
    """Every fault that `check_spec` would raise, as a list."""
    found = [fault for variant in closed_variants(spec) for check in CHECKS for fault in check(variant)]
    distinct = {(fault.what, fault.where): fault for fault in reversed(found)}
    return [located(fault, lines or {}, path) for fault in reversed(distinct.values())]


def located(fault: Fault, lines: Mapping[str, int], path: str) -> Fault:
    """The fault with `path:line` before its spec path, where the line is known; else unchanged.

    >>> located(Fault(what="no column 'agee'", where="transform.x"), {"transform.x": 7}, "spec.yaml").where
    'spec.yaml:7 (transform.x)'
    """
    at = fault.where
    while at and at not in lines:
        at = at.rpartition(".")[0]
    if not at:
        return fault
    return msgspec.structs.replace(fault, where=f"{path}:{lines[at]} ({fault.where})")


def _names(spec: Spec) -> Iterator[Fault]:
    if not spec.data:
        yield Fault(what="the spec names no data", where="data", expected="a SQL query, a path, or a list of paths")
    if spec.name is not None and not MODEL_NAME.fullmatch(spec.name):
        yield name_fault(spec.name)


def name_fault(name: str) -> Fault:
    """Of what cannot name a model, with a name like it that can.

    >>> name_fault("my model!").nearest
    'my_model'
    """
    expected = "letters, digits, '_', '-' and '.', at most 128, not beginning with '-' or '.'"
    like = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("_.-")[:128]
    return Fault(what=f"'{name}' cannot name a model", where="name", expected=expected, nearest=like)


def _features(spec: Spec) -> Iterator[Fault]:
    for name, sql in (spec.transform or {}).items():
        if not name:
            yield Fault(what="a feature has no name", where="transform", received=sql)
        elif not sql.strip():
            yield Fault(
                what=f"the feature '{name}' has no expression", where=f"transform.{name}", expected="a SQL expression"
            )
    if spec.transform is not None and not spec.transform:
        step = "add features, or leave 'transform' out for automatic preprocessing"
        yield Fault(what="'transform' holds no feature", where="transform", next_step=step)


def _split(spec: Spec) -> Iterator[Fault]:
    split = spec.split
    if split.method in SPLITS_BY_COLUMN and not split.column:
        yield Fault(
            what=f"a split by '{split.method}' needs a column", where="split.column", next_step="set split.column"
        )
    if split.method not in SPLITS_BY_COLUMN and split.column:
        near = nearest("key", SPLITS_BY_COLUMN)
        step = f"remove it, or choose one of {', '.join(SPLITS_BY_COLUMN)}"
        yield Fault(
            what=f"a split by '{split.method}' reads no column",
            where="split.column",
            received=split.column,
            nearest=near,
            next_step=step,
        )
    if split.stratify and split.method != "random":
        yield Fault(
            what=f"a split by '{split.method}' cannot be stratified",
            where="split.stratify",
            expected="method: random",
            next_step="remove split.stratify, or split at random",
        )
    if split.method in SPLITS_BY_FRACTION:
        yield from _fractions(split)


def _fractions(split: Split) -> Iterator[Fault]:
    for name, fraction in (("eval_fraction", split.eval_fraction), ("test_fraction", split.test_fraction)):
        if not 0 <= fraction < 1:
            yield Fault(
                what=f"split.{name} is out of range",
                where=f"split.{name}",
                expected="0 <= fraction < 1",
                received=f"{fraction:g}",
            )
    total = split.eval_fraction + split.test_fraction
    if total >= 1 and split.eval_fraction < 1 and split.test_fraction < 1:
        expected = "eval_fraction + test_fraction < 1"
        yield Fault(
            what="the split leaves no rows to train on", where="split", expected=expected, received=f"{total:g}"
        )


def _ranges(spec: Spec) -> Iterator[Fault]:
    shares = (
        ("training.max_bad_rows_fraction", spec.training.max_bad_rows_fraction),
        ("anomalies.max_fraction", spec.anomalies.max_fraction),
        ("evaluation.aim_value", spec.evaluation.aim_value),
        ("evaluation.threshold", spec.evaluation.threshold),
    )
    for where, value in shares:
        if not 0 <= value <= 1:
            yield Fault(what=f"{where} is out of range", where=where, expected="from 0 to 1", received=f"{value:g}")
    if spec.training.memory_limit is not None:
        yield from _memory_limit(spec.training.memory_limit)
    for where, seed in (("split.seed", spec.split.seed), ("training.seed", spec.training.seed)):
        if not 0 <= seed < 2**32:
            yield Fault(what=f"{where} is out of range", where=where, expected="0 <= seed < 2**32", received=str(seed))


def _schema(spec: Spec) -> Iterator[Fault]:
    if isinstance(spec.schema, DataSchema):
        for fault in data_schema_faults(spec.schema):
            yield msgspec.structs.replace(fault, where=f"schema.{fault.where}")
    elif spec.schema == "":
        yield Fault(what="the schema has no path", where="schema", next_step="name a file, or remove the key")


def _memory_limit(limit: str) -> Iterator[Fault]:
    try:
        MemoryBudget.of(limit)
    except SpecError as error:
        yield from (msgspec.structs.replace(fault, where="training.memory_limit") for fault in error.faults)


def _outliers(spec: Spec) -> Iterator[Fault]:
    if spec.outliers is not None:
        yield from outlier_faults(spec.outliers)


CHECKS: tuple[Callable[[Spec], Iterator[Fault]], ...] = (
    *(_names, label_faults, _features, _split, _ranges),
    *(_schema, _outliers, training_faults, held_out_faults, tuning_faults, monitoring_faults),
)
