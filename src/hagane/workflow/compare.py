"""`compare_models`: trained models side by side, on the same held-out rows where these can be had."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.bundle.signature import Signature
from hagane.data.open_table import open_table
from hagane.data.retype import retype
from hagane.data.split import Splits
from hagane.data.table import Table
from hagane.errors import Fault, SpecError
from hagane.evaluation.compare import compare
from hagane.evaluation.compare_scores import compare_scores
from hagane.evaluation.comparison import Comparison
from hagane.evaluation.evaluate import NUM_RESAMPLES
from hagane.evaluation.evaluation import Evaluation
from hagane.metrics.asked_metric import AskedMetric
from hagane.progress import SILENT, Progress
from hagane.spec.spec_differences import spec_differences
from hagane.workflow.check_columns import check_columns
from hagane.workflow.check_comparable import check_comparable
from hagane.workflow.evaluate import label_encoding, types_of, wanted_of
from hagane.workflow.held_out_rows import HeldOutRows, read_held_out_rows
from hagane.workflow.label_rows import with_label
from hagane.workflow.measure_cost import measure_cost
from hagane.workflow.model_facts import ModelFacts, read_model_facts
from hagane.workflow.score import Scored, asked_of, report, score_table
from hagane.workflow.seen_rows import seen_rows
from hagane.workflow.unfair_training import eval_rows_served, unfair_training
from hagane.workspace.workspace import Workspace

FEWEST_ROWS = 2


WITHOUT_LABEL = "models without a label answer nothing that has a truth"


@dataclass(frozen=True, slots=True)
class ComparedRows:
    """Where each model finds the rows that it is judged on."""

    tables: Mapping[str, Table]
    places: Mapping[str, npt.NDArray[np.int64]]
    """Model → [rows of its table] the place of each among all rows, by which rows of different models are matched."""
    told: str
    """What these rows are."""


def compare_models(
    models: Sequence[str | Path],
    *,
    data: object | None = None,
    workspace: Workspace,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Comparison:
    """Compare two models or more, each with the first.

    On the rows of `data` (whatever `open_table` takes) where given; else on the rows that all of them kept back, read
    again from the data of their training; and where these are gone, by the reports of their trainings, without paired
    tests. Raises NotFoundError for a model, DataError for columns that are missing, SpecError for fewer than two
    and for models that predict different things.
    """
    names = list(dict.fromkeys(map(str, models)))
    if len(names) < 2:
        what, step = "a comparison needs two different models or more", "name another"
        raise SpecError(Fault(what=what, where="models", received=", ".join(names), next_step=step))
    facts = {name: read_model_facts(workspace.bundle_path(name)) for name in names}
    check_comparable(facts)
    rows: ComparedRows | str = WITHOUT_LABEL
    if any(each.spec.labels for each in facts.values()):
        rows = _given(facts, data, progress) if data is not None else _held_out(facts, progress)
    if isinstance(rows, str):
        comparison = _by_reports(facts, rows)
        rows = ComparedRows({}, {}, "")
    else:
        comparison = _on_rows(facts, rows, num_resamples, seed=seed, progress=progress)
    seen = [*seen_rows(facts, rows.tables, progress)] if data is not None else []
    notes = [each.told for each in seen if not each.is_unfair] if seen else [*_served(facts)]
    judged = [each.told for each in seen if each.is_unfair]
    return msgspec.structs.replace(
        comparison,
        unfair=tuple(dict.fromkeys((*comparison.unfair, *judged, *unfair_training(facts)))),
        notes=(*comparison.notes, *notes),
        costs=tuple(measure_cost(name, each, rows.tables.get(name)) for name, each in facts.items()),
        differences=spec_differences({name: each.spec_yaml for name, each in facts.items()}),
    )


def _given(facts: Mapping[str, ModelFacts], data: object, progress: Progress) -> ComparedRows | str:
    """The rows of `data`, with each model's own types."""
    tables = {}
    for name, each in facts.items():
        signature = each.bundle.signature
        table = open_table(data, wanted=wanted_of(signature), progress=progress)
        check_columns(table, (*signature.names, *signature.label_sources))
        tables[name] = with_label(retype(table, types_of(signature)), signature)
    if len({table.num_rows for table in tables.values()}) > 1:
        return "the models can parse different rows of these data: in some a value does not fit its type"
    places = {name: np.arange(table.num_rows) for name, table in tables.items()}
    return ComparedRows(tables, places, data if isinstance(data, str) else "the rows given")


def _held_out(facts: Mapping[str, ModelFacts], progress: Progress) -> ComparedRows | str:
    """The rows that every model kept back, or why there are none."""
    found: dict[str, HeldOutRows] = {}
    known: dict[bytes, Splits | str] = {}
    for name, each in facts.items():
        rows = read_held_out_rows(each, progress, known)
        if isinstance(rows, str):
            return f"{name}: {rows}"
        found[name] = rows
    if len({each.lineage.data_fingerprint for each in facts.values()}) > 1:
        return "the models were trained on different data"
    common = reduce(np.intersect1d, (rows.places for rows in found.values()))
    if len(common) < FEWEST_ROWS:
        return "no row was kept back by all of them"
    parts = " and ".join(dict.fromkeys(rows.part for rows in found.values()))
    tables = {name: rows.table for name, rows in found.items()}
    return ComparedRows(tables, {name: rows.places for name, rows in found.items()}, f"{parts} rows of all models")


def _by_reports(facts: Mapping[str, ModelFacts], reason: str) -> Comparison:
    """The reports of the trainings, side by side."""
    comparison = compare({name: each.evaluation for name, each in facts.items()})
    told = f"no paired tests, the figures are those of the trainings' reports: {reason} (--data names rows for all)"
    return msgspec.structs.replace(comparison, notes=(told,), rows="each model's own report")


def _on_rows(
    facts: Mapping[str, ModelFacts], rows: ComparedRows, num_resamples: int, *, seed: int, progress: Progress
) -> Comparison:
    """Score the rows by every model, and compare on those whose label all of them know."""
    signatures = {name: each.bundle.signature for name, each in facts.items()}
    kinds = {(each.task, _label(each), each.classes) for each in signatures.values()}
    if len(kinds) > 1:
        return _by_reports(facts, "the models know different classes of the label")
    scored = {
        name: score_table(each.bundle, rows.tables[name], label_encoding(signatures[name]), progress=progress)
        for name, each in facts.items()
    }
    common = reduce(np.intersect1d, (_places(rows, name, each) for name, each in scored.items()))
    if len(common) < FEWEST_ROWS:
        return _by_reports(facts, "there are fewer than two rows with a label that all models know")
    chosen = {name: np.searchsorted(_places(rows, name, each), common) for name, each in scored.items()}
    if any(each.labels for each in signatures.values()):
        several = {name: _report(facts[name], each, chosen[name], rows.told) for name, each in scored.items()}
        told = "no paired tests: several labels are predicted at once (compare a model of each label for these)"
        comparison = msgspec.structs.replace(compare(several), notes=(told,))
        return msgspec.structs.replace(comparison, rows=f"{len(common):,} {_named(rows.told)}")
    _, _, classes = next(iter(kinds))
    first = next(iter(scored))
    comparison = compare_scores(
        scored[first].labels[chosen[first]],
        {name: each.scores[chosen[name]] for name, each in scored.items()},
        task=next(iter(signatures.values())).label_task,
        classes=classes or None,
        thresholds={name: 0.5 if each.threshold is None else each.threshold for name, each in signatures.items()},
        asked=_asked(facts),
        num_resamples=num_resamples,
        seed=seed,
        progress=progress,
    )
    return msgspec.structs.replace(comparison, rows=f"{len(common):,} {_named(rows.told)}")


def _label(signature: Signature) -> tuple[str, ...]:
    """Several labels in whatever order."""
    return tuple(sorted(label.name for label in signature.labels)) or (signature.label,)


def _asked(facts: Mapping[str, ModelFacts]) -> AskedMetric | None:
    """The metric that the losses ask for, where those that ask for one ask for the same: all are measured by it."""
    found = {metric for each in facts.values() if (metric := asked_of(each.spec.model)) is not None}
    return found.pop() if len(found) == 1 else None


def _report(facts: ModelFacts, scored: Scored, chosen: npt.NDArray[np.intp], part: str) -> Evaluation:
    """The evaluation of some of the rows that a model was scored on."""
    some = replace(scored, labels=scored.labels[chosen], scores=scored.scores[chosen], slices={})
    return report(some, facts.bundle.signature, facts.spec.evaluation, facts.spec.model, part=part)


def _named(told: str) -> str:
    return told if told.endswith("of all models") else f"rows of {told}"


def _places(rows: ComparedRows, name: str, scored: Scored) -> npt.NDArray[np.int64]:
    """Of the rows that have a label, rising."""
    assert scored.kept is not None
    return rows.places[name][scored.kept]


def _served(facts: Mapping[str, ModelFacts]) -> Iterator[str]:
    """What eval rows were used for, where it was more than early stopping."""
    for name, each in facts.items():
        served = eval_rows_served(each)
        if len(served) > 1:
            yield f"{name}: its eval rows served for {' and '.join(served)}"
