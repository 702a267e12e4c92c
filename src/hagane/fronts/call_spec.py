"""`call_spec`: the spec that a call in Python declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

from hagane.errors import Fault, SpecError, nearest
from hagane.fronts.hparam_text import as_written, said_besides
from hagane.spec.spec import Spec, Split

SECTIONS = (
    "training",
    "schema",
    "anomalies",
    "outliers",
    "calibration",
    "intervals",
    "evaluation",
    "serving",
    "monitoring",
    "card",
)
FRAME = "(a frame in memory)"


def call_spec(
    data: object,
    label: str | Sequence[str] | None,
    *,
    label_form: str | None = None,
    model: str = "auto",
    options: Mapping[str, Any] | None = None,
    transform: Mapping[str, str] | None = None,
    split: Split | Mapping[str, Any] | None = None,
    name: str | None = None,
    tables: Mapping[str, str] | None = None,
    dialect: str = "duckdb",
    exclude: Sequence[str] = (),
    defaults: str = "hagane",
    sections: Mapping[str, Any] | None = None,
    tuning: Mapping[str, Any] | None = None,
) -> tuple[Spec, object | None]:
    """The spec, and the frame that stands in for its data where these are none that a spec can name.

    Raises SpecError with every fault.
    """
    if data is None:
        raise SpecError(Fault(what="there are no data", where="data", expected="SQL, paths, Arrow, pandas or Polars"))
    source, given = _source(data), dict(sections or {})
    spec = {
        "data": source if source is not None else FRAME,
        "label": () if label is None else label,
        "label_form": label_form,
        "name": name,
        "tables": {} if tables is None else tables,
        "transform": transform,
        "exclude": exclude,
        "dialect": dialect,
        "defaults": defaults,
        "model": {"type": model, "options": {} if options is None else options},
        "split": {} if split is None else split,
    }
    if tuning is not None:
        besides = said_besides({**given, "model": spec["model"], "transform": transform}, "")
        spec["tuning"] = _with_parameters(tuning, besides)
    return _spec(as_written(spec), as_written(given)), None if source is not None else data


def _with_parameters(tuning: Mapping[str, Any], besides: Mapping[str, Any]) -> dict[str, Any]:
    """The section, with what hyperparameters themselves say where it says nothing of them."""
    if not besides:
        return dict(tuning)
    own = tuning.get("parameters", {})
    return {**tuning, "parameters": {**{name: each for name, each in besides.items() if name not in own}, **own}}


def _source(data: object) -> str | tuple[str, ...] | None:
    """What a spec's `data` can say of it: a query or paths; None for a frame."""
    if isinstance(data, str | Path):
        return str(data)
    if isinstance(data, list | tuple) and all(isinstance(path, str | Path) for path in data):
        return tuple(str(path) for path in data)
    return None


def _spec(spec: dict[str, Any], sections: Mapping[str, Any]) -> Spec:
    """The spec of a call, with its further sections. Raises SpecError with every fault."""
    from hagane.spec.decode_python import decode_python

    faults = [_no_section(name) for name in sections if name not in SECTIONS]
    try:
        declared: Spec = decode_python(spec | {name: sections[name] for name in SECTIONS if name in sections}, Spec)
    except SpecError as error:
        faults += error.faults
    if faults:
        raise SpecError(*faults)
    return declared


def _no_section(name: str) -> Fault:
    known = [*signature(call_spec).parameters, "hparams", "workspace", "progress", *SECTIONS]
    expected = "one of " + ", ".join(SECTIONS)
    return Fault(what=f"a spec has no section '{name}'", expected=expected, nearest=nearest(name, known))
