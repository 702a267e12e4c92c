"""`model_card`: the card of a model, written from what its training measured and from what its spec says of its use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from hagane.counted import counted
from hagane.evaluation.evaluation import Evaluation, SliceMetrics, label_text
from hagane.evaluation.metric_info import metric_info
from hagane.evaluation.model_card import CardSection, CardTable, ModelCard
from hagane.evaluation.report.sections import METHODS, slice_metrics
from hagane.features.label import LabelEncoding
from hagane.models.family import FittedModel
from hagane.models.options import default_values
from hagane.names_text import names_text
from hagane.number_text import brief_text, percent_text
from hagane.page.number_text import number_text
from hagane.spec.card import Card
from hagane.spec.spec import Spec
from hagane.spec.value_text import value_text
from hagane.spec.write_yaml import write_yaml
from hagane.statistics.statistics import ColumnStatistics
from hagane.types import SqlType
from hagane.workflow.card_analyses import card_analyses, judged_labels
from hagane.workflow.card_limits import card_limits, sensitive_columns
from hagane.workflow.export import Export
from hagane.workflow.lineage import Lineage
from hagane.workflow.prepare import Prepared

MOST_FEATURES = 15
MOST_COLUMNS = 60
MOST_CLASSES = 20
NOT_STATED = "Not stated (the spec's section 'card' holds it)."


@dataclass(frozen=True, slots=True)
class Trained:
    """What a card is written from."""

    prepared: Prepared
    model: FittedModel
    exported: Export
    lineage: Lineage
    version: str
    """`late@3`; the name alone where there is no version."""

    @property
    def spec(self) -> Spec:
        """Resolved."""
        return self.prepared.resolved.spec

    @property
    def evaluation(self) -> Evaluation:
        """With the slices of the card, where the spec names none."""
        return self.exported.card_evaluation


def model_card(trained: Trained) -> ModelCard:
    """The whole card, in the sections of Mitchell et al. 2019."""
    sections = (
        _details(trained),
        _intended_use(trained),
        _factors(trained),
        _metrics(trained),
        _evaluation_data(trained),
        _training_data(trained),
        *card_analyses(trained.evaluation),
        _ethics(trained),
        _caveats(trained),
        _features(trained),
        _ranges(trained),
        *_reproduce(trained),
    )
    title = f"Model card: {trained.version}"
    labels = names_text(trained.spec.labels, MOST_CLASSES)
    subtitle = trained.exported.signature.model_type + (f" of {labels}" if labels else "")
    return ModelCard(title=title, subtitle=subtitle, sections=sections)


def _details(trained: Trained) -> CardSection:
    lineage, signature, card = trained.lineage, trained.exported.signature, _card(trained)
    facts = [
        ("Model", trained.version),
        ("Family", signature.model_type),
        ("Date", lineage.created),
        ("Written by", f"Hagane {lineage.libraries['hagane']}"),
        ("Training", f"{lineage.training_seconds:,.1f} s"),
        ("Iterations kept", f"{lineage.best_iteration:,}" if lineage.best_iteration else "–"),
        ("Options", _options(trained)),
    ]
    facts += [("Calibration", _calibration_text(trained))] if signature.task == "classification" else []
    facts += [("Prediction intervals", _intervals_text(trained))] if signature.task == "regression" else []
    facts += [("License", card.license or "not stated"), ("Contact", card.contact or "not stated")]
    return CardSection(title="Model details", facts=tuple(facts))


def _options(trained: Trained) -> str:
    """Those that are not the family's defaults."""
    family = trained.prepared.resolved.family
    chosen = msgspec.to_builtins(trained.prepared.resolved.options)
    usual = msgspec.to_builtins(default_values(family.Options))
    told = [
        f"{name} {value if isinstance(value, str) else value_text(value)}"
        for name, value in chosen.items()
        if usual.get(name) != value
    ]
    told += [f"{each.name} = {each.value} (searched)" for each in trained.lineage.hyperparameters]
    return ", ".join(told) or "the family's defaults"


def _calibration_text(trained: Trained) -> str:
    fit = trained.lineage.calibration
    if fit is None:
        return "none: probabilities are the family's own"
    if fit.method == "none":
        return "none: of the methods tried none lowered the log loss of the eval rows"
    return f"{METHODS[fit.method]}, fitted on {counted(fit.num_rows, 'eval row')} ({fit.fitted})"


def _intervals_text(trained: Trained) -> str:
    fit = trained.lineage.intervals
    if fit is None:
        return "none"
    method = fit.method.replace("_", "-")
    return f"{percent_text(fit.level)}, {method}, fitted on {counted(fit.num_rows, 'eval row')}"


def _intended_use(trained: Trained) -> CardSection:
    card, signature = _card(trained), trained.exported.signature
    is_classes = signature.task == "classification"
    if signature.labels:
        named = names_text([label.name for label in signature.labels], MOST_CLASSES)
        several = f"{len(signature.labels)} {'labels' if is_classes else 'numbers'} at once ({named})"
        predicted = f"{several}, with the probability of each" if is_classes else several
    elif is_classes and len(trained.spec.labels) > 1:
        names = names_text([label_text(each) for each in signature.classes], MOST_CLASSES)
        predicted = f"one of {len(signature.classes)} classes ({names}), with the probability of each"
    elif is_classes:
        predicted = f"one of {len(signature.classes)} classes of '{signature.label}', with the probability of each"
    else:
        predicted = f"the number '{signature.label}'"
    if signature.output_columns:
        told = names_text([column.name for column in signature.output_columns], MOST_CLASSES)
        predicted = f"no label, but answers {told}"
    names = ", ".join(signature.names[:MOST_CLASSES]) + ("…" if len(signature.names) > MOST_CLASSES else "")
    made = [f"'{column.name}' ({column.origin})" for column in signature.inputs if column.origin]
    points = [f"Predicts {predicted}, from {counted(len(signature.names), 'column')} of one row: {names}."]
    if made:
        points.append(
            f"Made by the data query, and to be made likewise by whoever asks: {', '.join(made[:MOST_CLASSES])}."
        )
    out_of_scope = card.out_of_scope or NOT_STATED
    return CardSection(
        title="Intended use",
        paragraphs=(card.intended_use or NOT_STATED, f"Out of scope: {out_of_scope}"),
        points=tuple(points),
    )


def _factors(trained: Trained) -> CardSection:
    """Groups whose figures differ."""
    if not trained.spec.labels:
        return CardSection(title="Factors", paragraphs=("Nothing is predicted that could differ between groups.",))
    judged = judged_labels(trained.evaluation)
    columns = judged[0][1].slices
    worse = [
        f"{name}{': ' if name else ''}{column.column} = {each.value if each.value is not None else 'NULL'}"
        f" ({counted(each.num_rows, 'row')}): {_slice_text(each, evaluation)}"
        for name, evaluation in judged
        for column in evaluation.slices
        for each in column.slices
        if each.is_worse
    ]
    if not columns:
        return CardSection(title="Factors", paragraphs=("No slices were measured (evaluation.slices names columns).",))
    names = ", ".join(column.column for column in columns)
    loss = "log loss" if trained.prepared.label.task == "classification" else "absolute error"
    told = f"Clearly worse than the other rows (mean {loss}), by more than chance explains:"
    told = told if worse else "No slice is clearly worse than the rest."
    return CardSection(title="Factors", paragraphs=(f"Measured by slices of {names}. {told}",), points=tuple(worse))


def _slice_text(each: SliceMetrics, evaluation: Evaluation) -> str:
    names = [name for name in slice_metrics(evaluation) if each.metrics.get(name) is not None][:2]
    return ", ".join(
        f"{metric_info(name).title} {number_text(each.metrics[name])}"
        f" (of all rows {number_text(evaluation.metrics.get(name))})"
        for name in names
    )


def _metrics(trained: Trained) -> CardSection:
    evaluation = trained.evaluation
    rows = tuple(
        (
            row.title,
            number_text(row.value),
            f"{number_text(row.interval.low)} … {number_text(row.interval.high)}" if row.interval else "–",
            number_text(row.baseline),
        )
        for row in evaluation.metric_rows()
    )
    told = [f"The baseline {evaluation.baseline_meaning}."]
    told += [f"{evaluation.bootstrap.meaning}."] if evaluation.bootstrap else []
    if evaluation.threshold is not None and evaluation.kind == "binary":
        positive = label_text(evaluation.classes[1])
        told.append(f"{positive} is answered from probability {brief_text(evaluation.threshold, 6)}.")
    told += [f"{text}." for text in evaluation.means_told]
    table = CardTable(("Metric", "Model", "95 % interval", "Baseline"), rows)
    if evaluation.labels:  # means have no interval
        table = CardTable(("Metric", "Model", "Baseline"), tuple((row[0], row[1], row[3]) for row in rows))
    return CardSection(title="Metrics", paragraphs=(" ".join(told),), table=table)


def _evaluation_data(trained: Trained) -> CardSection:
    evaluation, lineage = trained.evaluation, trained.lineage
    served = ["choosing the iteration"] if any(each.eval_loss is not None for each in lineage.training_info) else []
    served += ["calibration"] if lineage.calibration else []
    served += ["prediction intervals"] if lineage.intervals else []
    unknown = counted(evaluation.num_unknown_labels, "row")
    facts = [
        ("Judged on", evaluation.rows_text),
        *([("Without a label", counted(evaluation.num_null_labels, "row"))] if trained.spec.labels else []),
        *([("Of a class unknown to the model", unknown)] if evaluation.num_unknown_labels else []),
        ("Eval rows served for", ", ".join(served) or "nothing but to be looked at"),
    ]
    return CardSection(title="Evaluation data", facts=tuple(facts))


def _training_data(trained: Trained) -> CardSection:
    prepared, lineage, spec = trained.prepared, trained.lineage, trained.spec
    source = spec.data if isinstance(spec.data, str) else ", ".join(spec.data)
    facts = [
        ("Rows", f"{sum(lineage.split_counts.values()):,}"),
        ("Columns", f"{len(prepared.table.schema):,}"),
        ("Divided", lineage.split),
        ("Fingerprint", lineage.data_fingerprint[:16]),
        ("Rows that could not be parsed", f"{prepared.table.bad_rows.count:,}"),
        *[(f"Period of {each.name}", f"{each.min} … {each.max}") for each in _times(trained)],
    ]
    if prepared.outliers is not None:
        facts.append(("Outliers set aside", f"{prepared.outliers.num_outliers:,} training rows"))
    points = [*lineage.row_weights.describe()]
    if prepared.anomalies is not None:
        points.append(f"Against the data schema: {prepared.anomalies.summary()}.")
    points += [_label_distribution(trained, label) for label in prepared.label.each[:MOST_CLASSES]]
    text = (trained.spec.card.data,) if trained.spec.card and trained.spec.card.data else ()
    return CardSection(
        title="Training data",
        facts=tuple(facts),
        paragraphs=text,
        points=tuple(_sentence(point) for point in points if point),
        code=source,
    )


def _times(trained: Trained) -> list[ColumnStatistics]:
    statistics = trained.prepared.statistics
    return [
        each for each in statistics.columns if each.type in (SqlType.TIMESTAMP, SqlType.DATE) and each.min is not None
    ]


def _label_distribution(trained: Trained, label: LabelEncoding) -> str:
    column = trained.prepared.statistics[label.column]
    if label.task == "regression":
        mean, spread = number_text(column.mean), number_text(column.stddev)
        return (
            f"The label '{label.column}' has the mean {mean} and the standard deviation {spread} in the training rows."
        )
    total = max(1, column.count)
    counts = _class_counts(column)
    shares = [
        f"{label_text(each)} {percent_text(counts[label_text(each)] / total)}"
        for each in label.classes[:MOST_CLASSES]
        if label_text(each) in counts
    ]
    is_one_hot = len(trained.spec.labels) > 1 and not trained.exported.signature.labels
    named = "Classes" if is_one_hot else f"Classes of '{label.column}'"
    return f"{named} in the training rows: {', '.join(shares)}." if shares else ""


def _class_counts(column: ColumnStatistics) -> Mapping[str, int]:
    found = {label_text(top.value): top.count for top in column.top_values if not isinstance(top.value, float)}
    if column.num_true is not None:
        found |= {"true": column.num_true, "false": column.num_false or 0}
    return found


def _ethics(trained: Trained) -> CardSection:
    columns = sensitive_columns(trained.prepared)
    points = []
    if columns:
        points.append(
            f"The names of columns that the features read suggest protected characteristics: {', '.join(columns)}. "
            "Slices by them show whether the model serves all alike; leaving them out would not make it blind to them."
        )
    text = _card(trained).ethical_considerations or NOT_STATED
    return CardSection(title="Ethical considerations", paragraphs=(text,), points=tuple(points))


def _caveats(trained: Trained) -> CardSection:
    card = _card(trained)
    found = [*card_limits(trained.prepared, trained.model, trained.evaluation, trained.prepared.leaks)]
    found += [_sentence(text) for text in trained.lineage.advice]
    return CardSection(
        title="Caveats and recommendations", paragraphs=(card.limits,) if card.limits else (), points=tuple(found)
    )


def _features(trained: Trained) -> CardSection:
    transform = trained.spec.transform or {}
    importance = trained.lineage.importance
    total = sum(map(abs, importance.values())) or 1.0
    ranked = sorted(transform, key=lambda name: (-abs(importance.get(name, 0.0)), name))
    rows = tuple(
        (name, percent_text(abs(importance[name]) / total) if name in importance else "–", transform[name])
        for name in ranked[:MOST_FEATURES]
    )
    told = counted(len(transform), "feature") + ", as SQL over the columns."
    if len(transform) > MOST_FEATURES:
        told += f" The first {MOST_FEATURES} by importance."
    table = CardTable(("Feature", "Importance", "Expression"), rows)
    return CardSection(title="Features", paragraphs=(told,), table=table)


def _ranges(trained: Trained) -> CardSection:
    """What was seen of each column in training."""
    statistics = trained.prepared.statistics
    columns = [statistics[column.name] for column in trained.prepared.transform.columns]
    total = max(1, statistics.num_rows)
    rows = tuple(
        (each.name, each.type.value, percent_text(each.num_nulls / total), _seen(each))
        for each in columns[:MOST_COLUMNS]
    )
    told = "What training saw of each column that the features read; what lies beyond was never seen."
    if len(columns) > MOST_COLUMNS:
        told += f" The first {MOST_COLUMNS} of {len(columns):,}."
    table = CardTable(("Column", "Type", "NULL", "Seen in training"), rows)
    return CardSection(title="Ranges of training", paragraphs=(told,), table=table, is_long=True)


def _seen(column: ColumnStatistics) -> str:
    if column.min is not None and column.max is not None and column.type is not SqlType.STRING:
        ends = (each if isinstance(each, str) else brief_text(each, 6) for each in (column.min, column.max))
        return " … ".join(ends)
    known = f"{column.num_distinct:,} values" if column.num_distinct is not None else "–"
    most = [label_text(top.value) for top in column.top_values[:3] if not isinstance(top.value, float)]
    return known + (f", most often {', '.join(most)}" if most else "")


def _reproduce(trained: Trained) -> Iterator[CardSection]:
    lineage = trained.lineage
    libraries = ", ".join(f"{name} {version}" for name, version in lineage.libraries.items())
    points = (
        "The bundle's spec.yaml is resolved: 'hagane train spec.yaml' repeats the training, bit by bit on the same "
        "data, machine and versions.",
        f"Python {lineage.python}; {libraries}.",
        f"The graph was held against the training path on {counted(lineage.verification.num_rows, 'row')}: the largest "
        f"difference is {brief_text(lineage.verification.largest_score_difference, 2)}.",
    )
    yield CardSection(title="How to reproduce", points=points)
    yield CardSection(title="Spec", code=write_yaml(trained.spec), is_long=True)


def _card(trained: Trained) -> Card:
    return trained.spec.card or Card()


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
