"""`Explainer`: what each raw column added to a bundle's answers.

A bundle that can be explained holds `explanation.json` (`ExplanationFacts`) and `explanation.part`: nodes and outputs
which, put behind those of `model.onnx`, also answer the columns that attributions are of and the raw scores.
Concatenated protocol buffers are one message, so that the longer graph is `model.onnx` and the part, one after the
other: tables are not kept twice, and predictions do not pay for explanations. `docs/explain.md` says what attributions
mean.

Shapes: n rows, m raw columns, w explained columns, c raw scores, q outputs of each row.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.bundle.bundle import CHUNK_ROWS, Bundle
from hagane.bundle.check_graph import check_graph
from hagane.bundle.instances import InstanceDecoder
from hagane.bundle.manifest import MODEL_NAME
from hagane.bundle.predictions import Predictions
from hagane.bundle.row_errors import row_error_faults
from hagane.errors import BundleError, Fault, RequestError, nearest
from hagane.explanation.attributor import Attributor
from hagane.explanation.column_shares import ColumnShares
from hagane.explanation.explanation_facts import (
    COLUMNS_OUTPUT,
    FACTS_NAME,
    LINK_NAME,
    PART_NAME,
    RAW_OUTPUT,
    ExplanationFacts,
    explanation_facts,
)
from hagane.explanation.explanations import Explanations, Space
from hagane.explanation.make_attributors import make_attributors
from hagane.explanation.output_space import secant_slopes, shared_slopes
from hagane.explanation.sampled_shapley import sampled_shapley
from hagane.explanation.wanted import Wanted
from hagane.runtime.layout import ColumnData
from hagane.runtime.session import Session

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Columns = Mapping[str, ColumnData]


class _Baseline(NamedTuple):
    """The row that rows are compared with."""

    row: Columns
    columns: Floats
    """[w]."""
    raw: Floats
    """[c]."""


class Explainer:
    """Explains what a bundle answers. Threads may share one: only what rows do not change is kept between calls."""

    def __init__(self, bundle: Bundle, facts: ExplanationFacts, session: Session, link: Session) -> None:
        self.bundle = bundle
        self.facts = facts
        self._session = session
        self._link_session = link
        self._layout = bundle.signature.layout
        self._outputs = (*bundle.signature.outputs, COLUMNS_OUTPUT, RAW_OUTPUT)
        self._make = None if facts.method == "sampled_shapley" else make_attributors(bundle, facts)
        self._attributors: dict[int, Attributor] = {}
        self._making = threading.Lock()
        self._shares = ColumnShares(facts.features, bundle.signature.names, np.array(facts.owners, np.int64))
        self._baseline: _Baseline | None = None

    @classmethod
    def load(cls, bundle: Bundle) -> Explainer:
        """Load what `bundle` is explained by. Raises BundleError where it has nothing, or where it is damaged."""
        facts = explanation_facts(bundle)
        try:
            graph = bundle.document(MODEL_NAME) + bundle.document(PART_NAME)
            check_graph(graph)
            link = bundle.document(LINK_NAME)
            check_graph(link)
            explainer = cls(bundle, facts, Session(graph), Session(link))
            explainer._check_shapes()
            return explainer
        except BundleError:
            raise
        except Exception as error:
            what = f"ONNX Runtime refuses the graph of explanations: {str(error).splitlines()[0][:300]}"
            raise BundleError(
                Fault(what=what, where=str(bundle.folder / PART_NAME), next_step="train again")
            ) from error

    def explain(
        self,
        instances: object,
        wanted: Wanted = Wanted(),  # noqa: B008 - a tuple of constants
        *,
        baseline: Mapping[str, Any] | None = None,
        decoder: InstanceDecoder | None = None,
    ) -> Explanations:
        """Explain rows as JSON has them. `baseline` gives some columns of the baseline row other values.

        Raises RequestError like `Bundle.predict`; for outputs that there are none of; for a baseline that does not fit,
        or that trees, which compare with their training rows, do not have.
        """
        decoder = decoder or self.bundle.decoder()
        columns = decoder.decode(instances)
        found = self.explain_columns(columns, wanted, baseline=baseline)
        row_errors = found.predictions.row_errors
        if self.bundle.signature.on_error == "refuse" and row_errors.any():
            erring = lambda columns: self.bundle.predict_columns(columns).row_errors  # noqa: E731
            raise RequestError(*row_error_faults(erring, self.bundle.signature, columns, row_errors))
        return found

    def explain_columns(
        self,
        columns: Columns,
        wanted: Wanted = Wanted(),  # noqa: B008 - a tuple of constants
        *,
        baseline: Mapping[str, Any] | None = None,
    ) -> Explanations:
        """Explain n rows given as columns; rows on which an expression errs are explained as they are answered."""
        check_wanted(self.bundle, wanted)
        compared = self._baseline_row(baseline)
        read = {name: columns[name] for name in self.bundle.signature.names}
        num_rows = read[self.bundle.signature.names[0]].num_rows
        runs = self._session.runs(read, num_rows, CHUNK_ROWS) or [slice(0, 0)]
        parts = [self._explain(_slice(read, rows), wanted, compared) for rows in runs]
        return parts[0] if len(parts) == 1 else Explanations.concatenate(parts)

    def _explain(self, columns: Columns, wanted: Wanted, compared: _Baseline) -> Explanations:
        found = self._session.run(self._layout.feed(dict(columns)), self._outputs)
        predictions = Predictions.from_outputs(self.bundle.signature, found)
        if wanted.threshold is not None:
            predictions = predictions.with_threshold(wanted.threshold)
        outputs = _outputs(predictions, wanted)
        rows = _Rows(columns, _floats(found[COLUMNS_OUTPUT]), _floats(found[RAW_OUTPUT]), compared, self)
        shape = outputs.shape
        attributions = np.zeros((*shape, len(self.bundle.signature.names)))
        baselines, values = np.zeros(shape), np.zeros(shape)
        for place in range(shape[1]):
            for output in np.unique(outputs[:, place]).tolist():
                chosen = outputs[:, place] == output
                told = rows.of(chosen).explain(output, wanted.space)
                attributions[chosen, place], baselines[chosen, place], values[chosen, place] = told
        errors = np.abs(values - baselines - attributions.sum(axis=2))
        names = self.bundle.signature.names
        return Explanations(predictions, names, wanted.space, outputs, attributions, baselines, values, errors)

    def _check_shapes(self) -> None:
        """Answer the baseline row. Raises BundleError where the files are not of one model."""
        compared = self._baseline_row(None)
        shapes = (compared.columns.shape, compared.raw.shape, self.link(compared.raw[None]).shape)
        signature = self.bundle.signature
        num_outputs = len(signature.labels) or len(signature.classes) or 1
        if shapes != ((len(self.facts.owners),), (self.facts.num_raw,), (1, num_outputs)):
            what = "the graph of explanations is of another model"
            raise BundleError(Fault(what=what, where=str(self.bundle.folder / FACTS_NAME), next_step="train again"))

    def attributor(self, raw: int) -> Attributor:
        """That of a raw score."""
        assert self._make is not None
        with self._making:
            if raw not in self._attributors:
                self._attributors[raw] = self._make(raw)
            return self._attributors[raw]

    def columns_of(self, columns: Columns) -> tuple[Floats, Floats]:
        """[n, w] the explained columns and [n, c] the raw scores of rows."""
        found = self._session.run(self._layout.feed(dict(columns)), (COLUMNS_OUTPUT, RAW_OUTPUT))
        return _floats(found[COLUMNS_OUTPUT]), _floats(found[RAW_OUTPUT])

    def link(self, raw: Floats) -> Floats:
        """Raw scores [n, c] → outputs [n, a]: probabilities, numbers; of several labels that of each one's second
        class."""
        return _floats(self._link_session.run({"raw": raw}, ("output",))["output"])

    @property
    def tolerance(self) -> float:
        """The error that the method itself makes, relative to the sum of what the columns add: 0 where it is exact."""
        return 0.05 if self.facts.method == "integrated_gradients" else 0.0

    @property
    def shares(self) -> ColumnShares:
        """From features to raw columns."""
        return self._shares

    def _baseline_row(self, changes: Mapping[str, Any] | None) -> _Baseline:
        if not changes:
            if self._baseline is None:
                self._baseline = self._made_baseline(self.facts.baseline)
            return self._baseline
        if self.facts.method == "tree_shap" and not self._shares.has_several:
            what = "trees are explained beside the mean of their training rows, not beside a row"
            raise RequestError(Fault(what=what, where="baseline", next_step="leave the baseline out"))
        return self._made_baseline({**self.facts.baseline, **changes})

    def _made_baseline(self, row: Mapping[str, Any]) -> _Baseline:
        try:
            decoded = self.bundle.decoder().decode([dict(row)])
        except RequestError as error:
            faults = (
                msgspec.structs.replace(fault, where=fault.where.replace("instances[0]", "baseline", 1))
                for fault in error.faults
            )
            raise RequestError(*faults) from None
        columns, raw = self.columns_of(decoded)
        return _Baseline(decoded, columns[0], raw[0])


_Told = tuple[Floats, Floats, Floats]
"""[n, m] attributions, [n] baselines, [n] values."""


class _Rows(NamedTuple):
    """Rows that went through the graph."""

    read: Columns
    columns: Floats
    """[n, w]."""
    raw: Floats
    """[n, c]."""
    compared: _Baseline
    explainer: Explainer

    def of(self, chosen: npt.NDArray[np.bool_]) -> _Rows:
        """Some of them."""
        if chosen.all():
            return self
        places = np.flatnonzero(chosen)
        read = {name: column.take(places) for name, column in self.read.items()}
        return self._replace(read=read, columns=self.columns[places], raw=self.raw[places])

    def explain(self, output: int, space: Space) -> _Told:
        """[n, m] attributions, [n] baselines and [n] values of an output."""
        facts, signature = self.explainer.facts, self.explainer.bundle.signature
        is_first = facts.num_raw == 1 and bool(signature.classes) and output == 0
        raw_place = output if facts.num_raw > 1 else 0
        if space == "output" and facts.raw_scale in ("logit", "share") and facts.num_raw > 1 and not signature.labels:
            return self._of_many(output)
        attributions, baseline, value = self._of_raw(raw_place)
        if space == "raw" and is_first:
            whole = 1.0 if facts.raw_scale == "share" else 0.0
            return -attributions, whole - baseline, whole - value
        if space == "raw" or facts.raw_scale == "value":
            return attributions, baseline, value
        return self._to_output(output, raw_place, attributions, baseline)

    def _of_raw(self, raw: int) -> _Told:
        """Of a raw score itself."""
        if self.explainer.facts.method == "sampled_shapley":
            return self._sampled(raw)
        attributor = self.explainer.attributor(raw)
        memory: dict[frozenset[int], Floats] = {}

        def mixed(own: frozenset[int]) -> Floats:
            if own not in memory:
                memory[own] = self.explainer.columns_of(_mixed(self.read, self.compared.row, own))[0]
            return memory[own]

        by_column, baseline = attributor.attribute(self.columns, self.compared.columns)
        attributions = self.explainer.shares.share(by_column, self.columns, mixed, attributor.scores)
        return attributions, baseline, self.raw[:, raw]

    def _sampled(self, raw: int) -> _Told:
        """Of a model of which nothing is known but its answers."""

        def scores(own: frozenset[int]) -> Floats:
            return self.explainer.columns_of(_mixed(self.read, self.compared.row, own))[1][:, raw]

        attributions = sampled_shapley(len(self.read), len(self.raw), scores)
        return attributions, np.full(len(self.raw), self.compared.raw[raw]), self.raw[:, raw]

    def _to_output(self, output: int, raw_place: int, attributions: Floats, baseline: Floats) -> _Told:
        """Of an output that follows from one raw score."""
        before = self.raw.copy()
        before[:, raw_place] = baseline
        link = self.explainer.link
        slopes = secant_slopes(link, output, raw_place, self.raw, before)
        return attributions * slopes[:, None], link(before)[:, output], link(self.raw)[:, output]

    def _of_many(self, output: int) -> _Told:
        """Of an output that follows from all raw scores."""
        each = [self._of_raw(raw) for raw in range(self.explainer.facts.num_raw)]
        before = np.stack([baseline for _, baseline, _ in each], axis=1)
        link = self.explainer.link
        slopes = shared_slopes(link, output, self.raw, before)
        attributions = sum(part * slopes[:, [raw]] for raw, (part, _, _) in enumerate(each))
        return np.asarray(attributions), link(before)[:, output], link(self.raw)[:, output]


def check_wanted(bundle: Bundle, wanted: Wanted) -> None:
    """Raises RequestError for outputs that the model has not."""
    signature = bundle.signature
    known = len(signature.labels) or len(signature.classes) or 1
    faults = [
        Fault(what=f"there is no output {output}", where="outputs", expected=f"0 to {known - 1}", received=str(output))
        for output in wanted.outputs or ()
        if not 0 <= output < known
    ]
    if wanted.top_classes is not None and (not signature.classes or not (wanted.top_classes >= 1 or
                                           wanted.top_classes == -1)):  # fmt: skip
        expected = "1 or more, or -1 for all" if signature.classes else "a classifier of one label"
        faults.append(Fault(what="no so many classes can be explained", where="top_classes", expected=expected,
                            received=str(wanted.top_classes)))  # fmt: skip
    if faults:
        raise RequestError(*faults)


def output_place(bundle: Bundle, name: object) -> int:
    """The place of the class, or of the label, called `name` (or of that very value). Raises RequestError."""
    signature = bundle.signature
    known: list[str | int | bool] = [label.name for label in signature.labels]
    known = known or [*signature.classes] or [signature.label]
    for place, each in enumerate(known):
        if each == name and type(each) is type(name):
            return place
    texts = [str(each).lower() if each is True or each is False else str(each) for each in known]
    if str(name) in texts:
        return texts.index(str(name))
    near = nearest(str(name), texts)
    what = f"the model has no output {str(name)[:60]!r}"
    raise RequestError(Fault(what=what, where="output", expected=", ".join(texts[:20]), nearest=near))


def _outputs(predictions: Predictions, wanted: Wanted) -> Ints:
    """[n, q] what is explained of each row."""
    signature, num_rows = predictions.signature, len(predictions)
    if wanted.outputs is not None:
        return np.tile(np.array(wanted.outputs, np.int64), (num_rows, 1))
    if signature.labels:
        return np.tile(np.arange(len(signature.labels)), (num_rows, 1))
    if predictions.probabilities is None:
        return np.zeros((num_rows, 1), np.int64)
    if wanted.top_classes is not None:
        order = np.argsort(-predictions.probabilities, axis=1, kind="stable")
        return order if wanted.top_classes < 0 else order[:, : wanted.top_classes]
    if predictions.label_numbers is not None:
        return predictions.label_numbers.reshape(num_rows, 1)
    assert predictions.labels is not None
    places = {value: place for place, value in enumerate(signature.classes)}
    return np.array([[places[value]] for value in predictions.labels.tolist()], np.int64).reshape(num_rows, 1)


def _mixed(row: Columns, baseline: Columns, own: frozenset[int]) -> dict[str, ColumnData]:
    """The raw columns in the places `own` as they are, the others from the baseline row."""
    num_rows = next(iter(row.values())).num_rows
    first = np.zeros(num_rows, np.int64)
    return {name: row[name] if place in own else baseline[name].take(first) for place, name in enumerate(row)}


def _floats(array: npt.NDArray[Any]) -> Floats:
    return np.asarray(array, np.float64)


def _slice(columns: Columns, rows: slice) -> dict[str, ColumnData]:
    return {name: column.slice(rows.start, rows.stop) for name, column in columns.items()}
