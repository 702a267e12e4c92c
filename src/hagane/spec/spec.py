"""`Spec`: what the user asked for, and nothing else.

Frozen, comparable, and the same whether it came from YAML, Python, the command line or SQL. `resolve` (in
`hagane.workflow`) fills every default in, so that a resolved spec alone says what will happen.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from hagane.spec.calibration import Calibration
from hagane.spec.card import Card
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.spec.communication import Communication
from hagane.spec.data_schema import DataSchema
from hagane.spec.intervals import Intervals
from hagane.spec.monitoring import Monitoring
from hagane.spec.outliers import Outliers
from hagane.spec.strategy import Strategy, StrategyType
from hagane.spec.tuning import Tuning
from hagane.spec.warm_start import WarmStartOptions, as_warm_start

LabelForm = Literal["one_hot", "multi_label"]


class Split(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How rows are divided into train, eval (watched during training) and test (reported).

    `random` hashes the whole row, `key` hashes `column` so that the rows of one entity stay together, `time` sorts by
    `column` and takes the last rows, `column` reads 'TRAIN' / 'EVAL' / 'TEST' (or a BOOL: TRUE and NULL are eval) from
    `column` (an `eval_fraction` of 0 makes eval rows train), `none` trains on everything.
    """

    method: Literal["random", "key", "time", "column", "none"] = "random"
    column: str | None = None
    eval_fraction: float = 0.1
    test_fraction: float = 0.1
    stratify: bool | str = False
    """`random` alone: whether each class of the label has the same share of train, eval and test; or of what column."""
    seed: int = 0


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which family, and its options (checked against the family's own)."""

    type: str = "auto"
    options: dict[str, Any] = {}


class Downsample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many rows of the most frequent class are trained on; those kept count for those left out. One of both."""

    rate: float | None = None
    """Share of its training rows."""
    ratio: float | None = None
    """Rows for each row of the next most frequent class."""


class Training(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How training runs, apart from what is trained."""

    seed: int = 42
    max_bad_rows_fraction: float = 0.01
    """Training refuses when more than this share of the rows could not be parsed."""
    memory_limit: str | None = None
    """How much memory the rows in work may take: `2GiB`, `800MB`, `30%`. None: half of the machine's."""
    auto_class_weights: bool = False
    """Whether a row of class c weighs total_rows / (rows_in_class_c * num_classes), as in BigQuery ML."""
    class_weights: dict[Any, float] = {}
    """Class (as text) → what a row of it weighs; every class of the label."""
    weight_column: str | None = None
    """A column that says what each row weighs; no feature."""
    downsample: Downsample | None = None
    """How the most frequent class is thinned out for training."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where networks are trained; `auto`: on a GPU where there is one."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """What the layers of networks compute in; weights are float32."""
    compile: bool = False
    """Whether networks are compiled (torch.compile) before they are trained."""
    strategy: StrategyType | Strategy = Strategy()
    """Which processes train a network together; a type alone stands for its defaults."""
    communication: Communication = Communication()
    """What those processes tell each other."""
    tensorboard: bool | str = False
    """Whether TensorBoard's event files are written: true is the workspace's folder `tensorboard`, else a folder."""
    checkpoint: CheckpointPolicy = CheckpointPolicy()
    """How often the state is saved."""
    warm_start: WarmStartOptions | str | bool | None = None
    """The earlier model that training begins with; `true`: the newest version of the same name."""

    def __post_init__(self) -> None:
        if isinstance(self.strategy, str):
            msgspec.structs.force_setattr(self, "strategy", Strategy(type=self.strategy))
        msgspec.structs.force_setattr(self, "warm_start", as_warm_start(self.warm_start))
        texts = {class_text(name): weight for name, weight in self.class_weights.items()}
        msgspec.structs.force_setattr(self, "class_weights", texts)


def class_text(value: Any) -> str:
    """A class as a spec writes it.

    >>> class_text(True), class_text(3), class_text("3")
    ('true', '3', '3')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)


class Evaluation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the report holds."""

    aim: Literal["f1_score", "accuracy", "precision_at_recall", "recall_at_precision", "youden"] = "f1_score"
    """What the suggested threshold of a binary classifier is best for."""
    aim_value: float = 0.5
    """The recall or precision to hold, for the two constrained aims."""
    threshold: float = 0.5
    """Probability from which a binary classifier answers the positive class."""
    slices: tuple[str, ...] = ()
    """Raw columns by whose values the metrics are also given."""
    global_explain: bool = False
    """Whether the bundle says how much each column matters, over the rows of the report (ML.GLOBAL_EXPLAIN)."""


class Serving(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the server does with a row on which an expression errs, and what its log holds of sensitive columns."""

    on_error: Literal["null", "refuse"] | None = "refuse"
    """`refuse` answers 400 for the row, `null` (None, YAML's null, is the same and becomes it) goes on with NULL."""
    sensitive: dict[str, Literal["hash", "leave_out"]] = {}
    """Raw column → what logs of requests hold of it: a keyed hash of each value, or nothing."""

    def __post_init__(self) -> None:
        if self.on_error is None:
            msgspec.structs.force_setattr(self, "on_error", "null")


class Anomalies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens where data depart from the schema."""

    on_training: Literal["refuse", "report"] = "refuse"
    """Of rows to train on: `refuse` trains nothing, `report` goes on and tells."""
    on_prediction: Literal["refuse", "report"] = "report"
    """Of rows to predict as a batch."""
    max_fraction: float = 0.0
    """A rule that at most this share of the rows break is reported, and never a reason to refuse."""


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One training, declared. A number or a choice may be an `OpenValue` until its hyperparameter has a value.

    >>> Spec(data="flights.parquet", label="late").split.method
    'random'
    """

    data: str | tuple[str, ...]
    """A SQL query, or where rows lie: files, globs, folders, URLs, a database's table."""
    label: str | tuple[str, ...] = ()
    """The column to predict. Several: so many labels at once, or the classes of one (`label_form`). None: `()`."""
    label_form: LabelForm | None = None
    """What several columns are to a classifier; None: the data decide. `one_hot`: one class, that of the column which
    is true; `multi_label`: each column a label of its own."""
    name: str | None = None
    """The model's name in the workspace; by default the label's, without a label the family's."""
    defaults: Literal["hagane", "bigquery"] = "hagane"
    """Whose defaults fill what the spec leaves open: preprocessing, options of the family, split."""
    tables: dict[str, str] = {}
    """What the query may name as tables: name → path, URL or database."""
    dialect: Literal["duckdb", "bigquery"] = "duckdb"
    """What the query of `data` is written in."""
    transform: dict[str, str] | None = None
    """Feature name → SQL expression (BigQuery dialect). None: automatic preprocessing writes them."""
    exclude: tuple[str, ...] = ()
    """Columns that automatic preprocessing leaves out (leaks, keys)."""
    split: Split = Split()
    model: Model = Model()
    training: Training = Training()
    tuning: Tuning | None = None
    """How the hyperparameters are searched (`hagane tune`); a training by itself looks at none of it."""
    schema: str | DataSchema | None = None
    """What the rows are expected to be: the path of a schema, or one in place."""
    anomalies: Anomalies = Anomalies()
    outliers: Outliers | None = None
    """Which training rows are set aside."""
    calibration: Calibration | None = None
    """How a classifier's probabilities are made to mean what they say; None: they stay the family's."""
    intervals: Intervals | None = None
    """The prediction intervals of a regressor; None: it answers numbers alone."""
    evaluation: Evaluation = Evaluation()
    serving: Serving = Serving()
    monitoring: Monitoring | None = None
    """How the traffic to the model is watched; None: by the defaults."""
    card: Card | None = None
    """What only people know of the model, for its card."""

    def __post_init__(self) -> None:
        if not isinstance(self.label, str):
            names = tuple(self.label)
            msgspec.structs.force_setattr(self, "label", names[0] if len(names) == 1 else names)

    @property
    def labels(self) -> tuple[str, ...]:
        """The columns to predict; none for a model without a label.

        >>> Spec(data="f.csv", label="late").labels, Spec(data="f.csv", label=("fog", "rain")).labels
        (('late',), ('fog', 'rain'))
        """
        return (self.label,) if isinstance(self.label, str) else self.label
