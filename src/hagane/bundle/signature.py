"""What a bundle promises: the columns it reads, and what it answers. `signature.json` is this struct."""

from __future__ import annotations

from typing import Literal, cast

import msgspec

from hagane.bundle.output_column import OutputColumn
from hagane.runtime.layout import InputLayout
from hagane.types import Column, LabelTask, SqlType, TaskName

PROBABILITIES = "probabilities"
PREDICTED_LABEL = "predicted_label"
PREDICTED_VALUE = "predicted_value"
LOWER_BOUND = "prediction_interval_lower_bound"
UPPER_BOUND = "prediction_interval_upper_bound"
ROW_ERROR = "row_error"
SCORES = "scores"
"""Only in a graph that answers `output_columns`: what the family computes these from, for verification."""
UNCALIBRATED = "uncalibrated_probabilities"
"""Only in a graph that is calibrated, and no part of a prediction: what the family itself says."""

JsonScalar = str | int | float | bool | None
JsonValue = JsonScalar | list[JsonScalar]
Treatment = Literal["hash", "leave_out"]
"""What logs of requests hold of a sensitive column: a keyed hash of each value, or nothing."""


class Input(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One raw column that the graph reads."""

    name: str
    type: SqlType
    origin: str = ""
    """Where the column came from when the query made it (a join, an aggregate): the caller must make it likewise."""
    sensitive: Treatment | None = None
    """How logs of requests treat its values; None: they are logged as they are."""


class OneLabel(msgspec.Struct, frozen=True, kw_only=True):
    """One of several labels that are predicted at once."""

    name: str
    type: SqlType
    classes: tuple[str | int | bool, ...] = ()
    """False and true, or 0 and 1; empty for regression."""


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """What goes in and what comes out.

    >>> signature = Signature(inputs=(Input(name="age", type=SqlType.INT64),), task="classification", label="late",
    ...                       label_type=SqlType.BOOL, classes=(False, True), threshold=0.5, model_type="logistic_reg")
    >>> signature.outputs
    ('probabilities', 'predicted_label', 'row_error')
    >>> signature.names
    ('age',)
    """

    inputs: tuple[Input, ...]
    """Raw columns, in the order in which a list instance gives its values."""
    task: TaskName
    label: str = ""
    """The label column's name; predictions are called `predicted_<label>`. Empty for a model without a label."""
    label_type: SqlType = SqlType.FLOAT64
    """Of a label, where there is one."""
    label_columns: dict[str, SqlType] = {}
    """The columns of the data that the label is made of, where it is none itself: of a one-hot label those of its
    classes."""
    labels: tuple[OneLabel, ...] = ()
    """The labels, where several are predicted at once: `label` names them all then, and tensors have an axis of them
    behind that of the rows."""
    output_columns: tuple[OutputColumn, ...] = ()
    """What a model without a label answers, each under its own name."""
    model_type: str
    """The family's name, as in the spec: `boosted_tree_classifier`."""
    model_name: str = ""
    """What the model is called in its workspace; the bundle's folder name where empty."""
    classes: tuple[str | int | bool, ...] = ()
    """The label's values, ascending: the columns of `probabilities`. Empty for regression."""
    threshold: float | None = None
    """Binary classification: the probability of `classes[1]` from which it is the predicted label."""
    calibration: Literal["none", "platt", "isotonic"] = "none"
    """How the family's probabilities were made to mean what they say."""
    interval_level: float | None = None
    """Regression: the share of new labels that lie between the bounds of the prediction interval; None: no bounds."""
    interval_rows: int | None = None
    """How many eval rows the bounds were fitted on."""
    on_error: Literal["null", "refuse"] = "refuse"
    """What a row gets on which an expression errs: an answer computed with NULL, or a refusal."""
    num_features: int = 0
    """How many features the raw columns become."""
    masked_features: tuple[str, ...] = ()
    """The features to which the columns of the graph's `feature_masks` belong; () where the model makes none."""
    null_words: tuple[str, ...] | None = None
    """Words that training's CSV file had for NULL, and that new CSV files are read with; None: it was no CSV file."""
    padding_version: int = 1
    """Version of the rule by which the runtime pads batches (`hagane.runtime.session`)."""
    example: dict[str, JsonValue] = {}
    """One instance to show and to warm up with, as JSON; made from the types where empty."""

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs' names, in order."""
        return tuple(column.name for column in self.inputs)

    @property
    def label_sources(self) -> tuple[str, ...]:
        """The columns that data with labels have."""
        return tuple(self.label_types)

    @property
    def label_types(self) -> dict[str, SqlType]:
        """The types of these columns."""
        several = {label.name: label.type for label in self.labels}
        one = {self.label: self.label_type} if self.label else {}
        return self.label_columns or several or one

    @property
    def each(self) -> tuple[Signature, ...]:
        """The signature of each of several labels by itself.

        >>> fog, rain = (OneLabel(name=name, type=SqlType.BOOL, classes=(False, True)) for name in ("fog", "rain"))
        >>> both = Signature(inputs=(), task="classification", label="fog, rain", label_type=SqlType.BOOL,
        ...                  labels=(fog, rain), threshold=0.5, model_type="dnn_classifier")
        >>> [signature.prediction_name for signature in both.each]
        ['predicted_fog', 'predicted_rain']
        """
        return tuple(
            msgspec.structs.replace(self, label=one.name, label_type=one.type, classes=one.classes, labels=())
            for one in self.labels
        )

    @property
    def layout(self) -> InputLayout:
        """How the inputs are packed into the graph's tensors."""
        return InputLayout(tuple(Column(column.name, column.type) for column in self.inputs))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs of `model.onnx` that make a prediction."""
        if self.output_columns:
            return (*(tensor for column in self.output_columns for tensor in column.tensors), ROW_ERROR)
        if self.task == "regression":
            bounds = (LOWER_BOUND, UPPER_BOUND) if self.interval_level is not None else ()
            return (PREDICTED_VALUE, *bounds, ROW_ERROR)
        return (PROBABILITIES, PREDICTED_LABEL, ROW_ERROR)

    @property
    def prediction_name(self) -> str:
        """The name under which a prediction is answered: `predicted_<label>` (ML.PREDICT's)."""
        return f"predicted_{self.label}"

    @property
    def label_task(self) -> LabelTask:
        """`task`, of a model with a label."""
        assert self.label
        return cast(LabelTask, self.task)

    @property
    def about(self) -> str:
        """What the model is, in a few words.

        >>> Signature(inputs=(), task="regression", label="price", model_type="linear_reg").about
        'linear_reg of price'
        >>> Signature(inputs=(), task="clustering", model_type="kmeans").about
        'kmeans'
        """
        return f"{self.model_type} of {self.label}" if self.label else self.model_type
