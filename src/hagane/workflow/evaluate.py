"""`evaluate_model`: a trained model on rows that it has not seen, or its stored report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from hagane.bundle.bundle import Bundle
from hagane.bundle.signature import Signature
from hagane.counted import counted
from hagane.data.count_other_tags import count_other_tags
from hagane.data.engine import quote_name
from hagane.data.no_rows import no_rows
from hagane.data.open_table import open_table
from hagane.data.retype import retype
from hagane.data.table import Table
from hagane.data.wanted import Wanted
from hagane.errors import DataError, Fault, SpecError
from hagane.evaluation.evaluate_without_label import evaluate_without_label
from hagane.evaluation.evaluation import Evaluation, label_text
from hagane.features.label import LabelEncoding
from hagane.features.no_label import NoLabel
from hagane.features.several_labels import Labels, SeveralLabels
from hagane.models.measured_model import MeasuredModel
from hagane.names_text import names_text
from hagane.progress import SILENT, Progress
from hagane.spec.check_label import no_slices_fault
from hagane.spec.spec import Spec
from hagane.types import LabelFreeTask, SqlType
from hagane.workflow.check_columns import check_columns
from hagane.workflow.fitted_model import encoded_rows, fitted_model
from hagane.workflow.label_rows import with_label
from hagane.workflow.read_documents import evaluation_of, spec_of
from hagane.workflow.score import Scored, report, score_table
from hagane.workspace.workspace import Workspace

MOST_TAGS = 5
MOST_CLASSES = 20
"""Named in a fault."""


def evaluate_model(
    model: str | Path,
    *,
    data: object | None = None,
    workspace: Workspace,
    slices: Sequence[str] = (),
    progress: Progress = SILENT,
) -> Evaluation:
    """The report of training where no `data` are given, else one over every labelled row of `data`.

    `data` is whatever `open_table` takes. Raises NotFoundError for the model, DataError when a column is missing.
    """
    bundle = Bundle.load(workspace.bundle_path(str(model)))
    if data is None:
        return evaluation_of(bundle)
    spec = spec_of(bundle)
    table = open_table(data, wanted=wanted_of(bundle.signature), progress=progress)
    if table.bad_rows.count:
        progress.note(table.bad_rows.summary())
    return evaluate_bundle(
        bundle,
        table,
        spec,
        slices or spec.evaluation.slices,
        progress,
        part=data if isinstance(data, str) else "those given",
    )


def evaluate_bundle(
    bundle: Bundle, table: Table, spec: Spec, slices: Sequence[str], progress: Progress, *, part: str = ""
) -> Evaluation:
    """Score every labelled row of `table` and report; of a model without a label measure every row."""
    if not bundle.signature.label:
        return _measured(bundle, _typed(bundle, table, slices), slices, part, progress)
    scored = score_rows(bundle, table, slices=slices, progress=progress)
    return report(scored, bundle.signature, spec.evaluation, spec.model, part=part, progress=progress)


def score_rows(bundle: Bundle, table: Table, *, slices: Sequence[str] = (), progress: Progress = SILENT) -> Scored:
    """Every row of `table` with a label that the model knows, scored.

    Raises DataError where a column is missing or does not fit, and where there is no such row.
    """
    signature = bundle.signature
    table = _typed(bundle, table, slices)
    _tell_other_tags(table, signature, progress)
    table = with_label(table, signature)
    scored = score_table(bundle, table, label_encoding(signature), slices=slices, progress=progress)
    if not len(scored.labels):
        raise DataError(_no_labels(table, signature))
    return scored


def _typed(bundle: Bundle, table: Table, slices: Sequence[str]) -> Table:
    """The rows with the types that the model wants. Raises DataError where a column is missing, and for no rows."""
    signature = bundle.signature
    check_columns(table, (*signature.names, *signature.label_sources, *slices))
    if not table.num_rows:
        raise DataError(no_rows(table))
    return retype(table, types_of(signature))


def _measured(bundle: Bundle, table: Table, slices: Sequence[str], part: str, progress: Progress) -> Evaluation:
    """What a model without a label says of all rows."""
    if slices:
        raise SpecError(no_slices_fault())
    model: object = fitted_model(bundle) if bundle.signature.task != "preprocessing" else None
    measurement = model.measurement() if isinstance(model, MeasuredModel) else None
    num_errors = 0
    if measurement is not None:
        with progress.phase("evaluate", total=table.num_rows) as phase:
            for rows in encoded_rows(bundle, table):
                measurement.add(rows.dense, rows.ids, rows.sparse)
                num_errors += int(rows.row_error.sum())
                phase.advance(len(rows.row_error))
    task = cast(LabelFreeTask, bundle.signature.task)
    return evaluate_without_label(measurement, task=task, num_rows=table.num_rows, part=part, num_row_errors=num_errors)


def _tell_other_tags(table: Table, signature: Signature, progress: Progress) -> None:
    """Texts of a label that is a set of them, where training met none such: no label stands for them."""
    for column, type_ in signature.label_columns.items():
        if type_ is not SqlType.ARRAY_STRING:
            continue
        names = [label.name for label in signature.labels] or [signature.label]
        found = count_other_tags(table, column, [name.removeprefix(f"{column}_") for name in names])
        if found:
            told = [f"'{tag}' in {counted(count, 'row')}" for tag, count in found.items()]
            texts = counted(len(found), "text")
            progress.note(f"{texts} of '{column}' that the model has no label for: {names_text(told, MOST_TAGS)}")


def input_types(signature: Signature) -> dict[str, SqlType]:
    """The type that the model wants of each column that it reads."""
    return {column.name: column.type for column in signature.inputs}


def wanted_of(signature: Signature) -> Wanted:
    """How new text files are to be read: as those of training were."""
    return Wanted(types_of(signature), signature.null_words)


def types_of(signature: Signature) -> dict[str, SqlType]:
    """The type that the model wants of each column that it reads, and of its label."""
    return input_types(signature) | signature.label_types


def label_encoding(signature: Signature) -> Labels:
    """How the model's label becomes what its answers are held against."""
    if not signature.label:
        return NoLabel(task=cast(LabelFreeTask, signature.task))
    if signature.labels:
        return SeveralLabels(each=tuple(_label_encoding(one) for one in signature.each))
    return _label_encoding(signature)


def _label_encoding(signature: Signature) -> LabelEncoding:
    return LabelEncoding(
        column=signature.label, type=signature.label_type, task=signature.label_task, classes=signature.classes
    )


def _no_labels(table: Table, signature: Signature) -> Fault:
    """Labels that are all NULL, or of classes that training never met."""
    if signature.labels:
        what, step = "no row has all labels to compare with", "give data with all labels"
        return Fault(what=what, where=f"columns {signature.label}", expected="0, 1, true or false in each"
                     if signature.task == "classification" else "numbers in each", next_step=step)  # fmt: skip
    quoted = quote_name(signature.label)
    found = table.query(f"SELECT DISTINCT {quoted} AS label FROM data WHERE {quoted} IS NOT NULL LIMIT 3")
    values = [label_text(value) for value in found["label"].to_pylist()]
    if not values:
        what, step = "no row has a label to compare with", "give data with labels"
        return Fault(what=what, where=f"column '{signature.label}'", received="NULL in every row", next_step=step)
    return Fault(
        what="no row has a label that the model knows",
        where=f"column '{signature.label}'",
        expected="one of " + ", ".join(label_text(each) for each in signature.classes[:MOST_CLASSES]),
        received=", ".join(values),
        next_step="write the labels as in training, in a query (CASE, REPLACE, …)",
    )
