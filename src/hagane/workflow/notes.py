"""What happened during a training that its user should know."""

from __future__ import annotations

from hagane.counted import counted
from hagane.data.query_files import is_query
from hagane.data.source_uri import parse_uri
from hagane.features.encode import EncodedSplits
from hagane.features.label import LabelEncoding
from hagane.names_text import names_text
from hagane.number_text import brief_text
from hagane.spec.spec import Spec
from hagane.sql.varying_parts import varying_parts
from hagane.statistics.statistics import ColumnStatistics
from hagane.types import SqlType
from hagane.workflow.held_out_fit import HeldOutFit
from hagane.workflow.prepare import Prepared
from hagane.workflow.row_weights import RowWeights

FEW_ROWS = 500
"""Fewer eval rows are told where something is fitted on them."""
MOST_FEATURES = 8
"""So many of those that erred are named."""
DIALECTS = {"sqlite": "sqlite", "postgresql": "postgres", "postgres": "postgres", "bigquery": "bigquery"}
"""Scheme of a source → sqlglot's name of what its queries are written in."""
MANY_CLASSES = 20
"""Of a number: more are rather an amount than a code."""


def notes_of(
    prepared: Prepared, encoded: EncodedSplits, weights: RowWeights, held_out: HeldOutFit | None = None
) -> tuple[str, ...]:
    """What happened on the way that the user should know, a sentence each."""
    table = prepared.table
    notes = [f"{fault.what} ({fault.next_step})" for fault in table.unsupported]
    notes += _varying(prepared.resolved.spec)
    notes += prepared.labelled.notes
    notes += [f"column '{left.column}' was left out: {left.reason}" for left in prepared.resolved.left_out]
    notes += _readings(prepared)
    if _is_number_as_classes(prepared):
        classes = f"each of its {len(prepared.label.classes)} values was taken as a class"
        notes.append(f"the label '{prepared.label.column}' is a number; {classes}: a regressor predicts the number")
    notes += _constant_labels(prepared)
    if table.bad_rows.count:
        notes.append(table.bad_rows.summary())
    if prepared.outliers is not None and prepared.outliers.num_outliers:
        found = prepared.outliers
        notes.append(f"{found.summary()}; they were set aside, in {found.path}; eval and test rows all stay")
    notes += prepared.outliers.notes if prepared.outliers is not None else ()
    notes += _encoding(encoded)
    notes += weights.describe()
    notes += _held_out(held_out) if held_out is not None else []
    if encoded.eval is None and prepared.label.each:
        notes.append("there are no eval rows, so nothing watched for overfitting")
    return tuple(notes)


def _readings(prepared: Prepared) -> list[str]:
    """What texts were taken for."""
    notes = [
        f"column '{name}' is text rather than a category: TF-IDF of its words was taken (write `transform` to choose)"
        for name in prepared.resolved.as_words
    ]
    notes += [
        f"column '{name}' was taken for categories; if {example!r} is a number, make it one in the data query"
        for name, example in prepared.resolved.like_numbers
    ]
    return notes


def _encoding(encoded: EncodedSplits) -> list[str]:
    """What came from the cache, and rows that were left out or on which an expression erred."""
    notes = []
    if encoded.num_cached:
        notes.append(f"{encoded.num_cached:,} of {encoded.num_columns:,} encoded columns came from the cache")
    if encoded.num_null_labels:
        notes.append(f"not used: {counted(encoded.num_null_labels, 'row')} without a label")
    if encoded.num_unknown_labels:
        unknown = f"not used: {counted(encoded.num_unknown_labels, 'eval or test row')}"
        notes.append(f"{unknown} of a class that no training row has")
    if encoded.num_row_errors:
        notes.append(_errors(encoded))
    return notes


def _constant_labels(prepared: Prepared) -> list[str]:
    """Of several labels those of one value: nothing can be learnt of them."""
    labels = prepared.label.each
    constant = [label.column for label in labels if _is_constant(prepared.statistics[label.column])]
    if len(labels) == 1 or not constant:
        return []
    told = f"{len(constant):,} of {len(labels):,} labels have one value in all training rows"
    return [f"{told} ({names_text(constant, MOST_FEATURES)}): nothing can be learnt of them"]


def _is_constant(column: ColumnStatistics) -> bool:
    """Rows in which it is NULL aside."""
    return column.num_distinct == 1 or (column.min is not None and column.min == column.max)


def _held_out(fit: HeldOutFit) -> list[str]:
    """What the eval rows served for beside early stopping, and how few they were."""
    found = fit.calibration_fit or fit.intervals_fit
    if found is None:
        return []
    what = "calibration stands" if fit.calibration_fit else "the prediction intervals stand"
    if fit.calibration_fit is not None and fit.calibration_fit.method == "none":
        tried = fit.calibration_fit.cross_validated_log_loss
        losses = ", ".join(f"{name} {brief_text(value)}" for name, value in tried.items())
        return [f"calibration: auto left the probabilities as they are (cross-validated log loss: {losses})"]
    if found.num_rows >= FEW_ROWS:
        return []
    return [f"{what} on {counted(found.num_rows, 'eval row')} only: a larger split.eval_fraction makes it surer"]


def _varying(spec: Spec) -> list[str]:
    """That a query gives other rows each time it runs, so that nobody takes a second training for a repetition."""
    sources = [spec.data] if isinstance(spec.data, str) else [*spec.data]
    found = dict.fromkeys(
        part for source in (*sources, *spec.tables.values()) for part in _varying_parts(source, spec.dialect)
    )
    if not found:
        return []
    step = "to train on the same again, say ORDER BY, a seed, a date, or choose rows by hash(…) of a key"
    return [f"the data query gives other rows from run to run ({', '.join(found)}); {step}"]


def _varying_parts(source: str, dialect: str) -> tuple[str, ...]:
    if is_query(source):
        return varying_parts(source, dialect=dialect)
    uri = parse_uri(source)
    if uri is None or uri.scheme not in DIALECTS or not is_query(uri.selection):
        return ()
    return varying_parts(uri.selection, dialect=DIALECTS[uri.scheme])


def _errors(encoded: EncodedSplits) -> str:
    """Which features erred, and on how many rows each."""
    told = [f"{name} on {count:,}" for name, count in encoded.feature_errors[:MOST_FEATURES]]
    rest = len(encoded.feature_errors) - len(told)
    told += [f"and {counted(rest, 'more feature')}"] if rest else []
    rows = counted(encoded.num_row_errors, "row")
    return f"an expression erred on {rows} (as LN of a negative number does): {', '.join(told)}; NULL was used"


def _is_number_as_classes(prepared: Prepared) -> bool:
    label = prepared.label
    if not isinstance(label, LabelEncoding):
        return False
    return label.task == "classification" and label.type is SqlType.INT64 and len(label.classes) > MANY_CLASSES
