"""`ServedModel`: a bundle with the name and version under which it answers, and the limits of one request."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from hagane.bundle.bundle import Bundle
from hagane.bundle.instances import InstanceDecoder
from hagane.bundle.predictions import Predictions
from hagane.bundle.typed_rows import TypedInstances, TypedRows
from hagane.errors import BundleError, Fault, RequestError, nearest
from hagane.explanation.explanation_facts import FACTS_NAME
from hagane.explanation.explanations import Explanations
from hagane.serving.endpoint_state import STABLE
from hagane.serving.endpoint_status import EndpointStatus
from hagane.serving.example import example_instance
from hagane.serving.explain_rows import ExplainRows
from hagane.serving.http import HttpError, Rows, same_place
from hagane.serving.output_tensors import OutputTensors

if TYPE_CHECKING:
    from hagane.explanation.explainer import Explainer

MAX_BODY_BYTES = 10_000_000
"""The largest request body, as on Vertex AI's dedicated endpoints."""
MAX_ROWS = 10_000
"""The most rows of one request."""
MOST_TYPED = 64
"""Rows of a request that is run in a batch with others; requests of more do not gain by it."""


@dataclasses.dataclass(frozen=True)
class ServedModel:
    """What every protocol answers from: rows are decoded, run at once, and encoded by the protocol."""

    bundle: Bundle
    version: str = "1"
    max_rows: int = MAX_ROWS
    decoder: InstanceDecoder | None = None
    """How instances are read; the bundle's own rules by default."""
    protocols: tuple[str, ...] = ()
    """The protocols that are spoken, in the order in which they are asked for a path."""
    endpoint: str = ""
    """The endpoint behind which it is; empty where the bundle is served alone."""
    deployed_model_id: str = ""
    """What tells it from the other models of the endpoint; the bundle's own id by default."""
    labels: tuple[str, ...] = (STABLE,)
    """By which it can be asked for."""
    status: EndpointStatus | None = None
    """What the server makes of the endpoint."""

    @property
    def name(self) -> str:
        """What callers call it, in paths: the endpoint's name, or else the model's own."""
        return self.endpoint or self.bundle.name

    @property
    def id(self) -> str:
        """The deployed model's id."""
        return self.deployed_model_id or self.bundle.bundle_id

    @property
    def versions(self) -> list[str]:
        """The versions that are served under the name, this one among them."""
        state = self.status.state if self.status is not None else None
        return [str(each.version) for each in state.models] if state is not None else [self.version]

    @property
    def example(self) -> dict[str, Any]:
        """An instance that the model answers."""
        return example_instance(self.bundle.signature)

    def path(self, template: str) -> str:
        """A route's path with this model's name and version in it.

        What else a path names (a project, an endpoint) becomes its name in capitals.
        """
        label = self.labels[0] if self.labels else STABLE
        own = {"model": quote(self.name, safe=""), "version": quote(self.version, safe=""), "label": label}
        return re.sub(r"\{(\w+)\}", lambda found: own.get(found[1], found[1].upper()), template)

    @functools.cached_property
    def outputs(self) -> OutputTensors:
        """What the model answers, for protocols that speak of tensors: taken from the answer to the example."""
        answer = self.bundle.predict([self.example], on_error="null", extra="ignore")
        return OutputTensors.of(answer)

    @functools.cached_property
    def array_names(self) -> frozenset[str]:
        """The columns that are arrays."""
        return frozenset(column.name for column in self.bundle.signature.inputs if column.type.is_array)

    @functools.cached_property
    def typed_rows(self) -> TypedRows | None:
        """Reads rows the shortest way; None where the rules of reading are others, or the columns not plain."""
        return self.bundle.typed_rows if self.decoder is None else None

    def typed(self, rows: Rows) -> Rows:
        """The same rows read for a batch, where they are few, plain and without faults; as they are otherwise."""
        instances = rows.instances
        if self.typed_rows is None or rows.faults or not isinstance(instances, list):
            return rows
        if len(instances) > min(MOST_TYPED, self.max_rows):
            return rows
        typed = self.typed_rows.converted(instances)
        return rows if typed is None else rows._replace(instances=typed)

    def answer(self, rows: Rows) -> Predictions:
        """Answer what a protocol read. Raises HttpError like `predict`."""
        return self.predict(rows.instances, rows.faults, rows.place)

    def predict(
        self, instances: object, faults: tuple[Fault, ...] = (), place: Callable[[str], str] = same_place
    ) -> Predictions:
        """Answer the rows of one request, unless it has `faults` already; `place` says where a row's fault is.

        Raises HttpError: 400 with every fault of the request, those of the rows last; 413 for too many rows.
        """
        self.check_count(len(instances) if isinstance(instances, list) else 0, place("instances"))
        try:
            if isinstance(instances, TypedInstances):
                return self.bundle.predict_typed(instances)
            predictions = self.bundle.predict(instances, decoder=self.decoder)  # type: ignore[arg-type]
        except RequestError as error:
            told = (msgspec.structs.replace(fault, where=place(fault.where)) for fault in error.faults)
            raise HttpError(400, *faults, *told) from None
        if faults:
            raise HttpError(400, *faults)
        return predictions

    @functools.cached_property
    def explainer(self) -> Explainer:
        """What explains its answers; loaded when first asked for. Raises BundleError where nothing does."""
        from hagane.explanation.explainer import Explainer  # brings ONNX Runtime, which not every user needs at once

        return Explainer.load(self.bundle)

    @property
    def can_explain(self) -> bool:
        """Whether the bundle says how its answers are explained."""
        return FACTS_NAME in self.bundle.manifest.files

    def explain(self, rows: ExplainRows) -> Explanations:
        """Explain what a protocol read. Raises HttpError: as `predict`, and 501 where the model cannot be explained."""
        instances = [*rows.instances] if isinstance(rows.instances, TypedInstances) else rows.instances
        self.check_count(len(instances) if isinstance(instances, list) else 0, rows.place("instances"))
        try:
            explainer = self.explainer
        except BundleError as error:
            raise HttpError(501, *(msgspec.structs.replace(fault, where="") for fault in error.faults)) from None
        try:
            found = explainer.explain(instances, rows.wanted, baseline=rows.baseline, decoder=self.decoder)
        except RequestError as error:
            told = (msgspec.structs.replace(fault, where=rows.place(fault.where)) for fault in error.faults)
            raise HttpError(400, *rows.faults, *told) from None
        if rows.faults:
            raise HttpError(400, *rows.faults)
        return found

    def row_faults(self, row: object, where: str) -> list[Fault]:
        """What is wrong with one row, which stands there."""
        try:
            (self.decoder or self.bundle.decoder()).decode([row])
        except RequestError as error:
            return [
                msgspec.structs.replace(each, where=each.where.replace("instances[0]", where)) for each in error.faults
            ]
        return []

    def check_count(self, num_rows: int, where: str) -> None:
        """Raises HttpError 413 for more rows than one request may have."""
        if num_rows > self.max_rows:
            fault = Fault(
                what="too many rows in one request",
                where=where,
                expected=f"at most {self.max_rows}",
                received=str(num_rows),
                next_step="send several requests, or predict in batch: hagane predict",
            )
            raise HttpError(413, fault)

    def check_name(self, asked: str) -> None:
        """Raises HttpError 404 where `asked` is another model."""
        if asked != self.name:
            near = nearest(asked[:100], [self.name])
            what = f"no model {asked[:100]!r} here"
            raise HttpError(404, Fault(what=what, where="model", expected=self.name, nearest=near))

    def check_version(self, version: str | None = None, label: str | None = None) -> None:
        """Raises HttpError 404 where a version, or the label of one, is asked for and is not served."""
        if version is not None and version not in (self.version, self.id):
            what = f"no version {version[:100]!r} of {self.name} here"
            raise HttpError(404, Fault(what=what, where="version", expected=self.version))
        if label is not None and label not in self.labels:
            what = f"no version of {self.name} has the label {label[:100]!r}"
            raise HttpError(404, Fault(what=what, where="label", expected=", ".join(self.labels)))
