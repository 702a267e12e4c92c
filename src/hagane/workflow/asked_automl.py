"""What a spec asks of an AutoML run, and the specs that follow from it."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from hagane.errors import Fault, SpecError
from hagane.evaluation.evaluation import Kind
from hagane.models import SEARCHED
from hagane.models.options import options_from
from hagane.spec.spec import Model, Spec
from hagane.tuning.automl_options import AutoMlOptions
from hagane.tuning.objective import Objective
from hagane.tuning.objectives import objectives_of
from hagane.workflow.prepare import Prepared
from hagane.workflow.train import run_key

FAMILIES = {"automl_classifier": "boosted_tree_classifier", "automl_regressor": "boosted_tree_regressor"}
"""AutoML's type → a family that predicts the same: by it the rows are checked before anything is tried."""
DEFAULTS: dict[Kind, str] = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "root_mean_squared_error"}
"""BigQuery ML's OPTIMIZATION_OBJECTIVE of its AUTOML models."""


class AskedAutoMl(NamedTuple):
    """What is asked."""

    options: AutoMlOptions
    base: Spec
    """Of whatever is tried, without a model."""


def asked_automl(spec: Spec) -> AskedAutoMl:
    """What `spec` asks for. Raises SpecError: a family is named, there are several labels, options that are wrong.

    >>> asked_automl(Spec(data="f.csv", label="y", model=Model(options={"budget": "10m"}))).options.seconds
    600.0
    """
    type_ = spec.model.type.lower()
    faults = []
    if type_ not in ("auto", *SEARCHED):
        step = "hagane train trains this family, hagane tune searches its options"
        expected = ", ".join(("auto", *SEARCHED))
        faults.append(Fault(what="AutoML chooses the family, and the spec names one", where="model.type",
                            expected=expected, received=spec.model.type, next_step=step))  # fmt: skip
    if len(spec.labels) > 1:
        step = "train a network, which predicts several at once: hagane train … --model dnn_classifier"
        faults.append(Fault(what="AutoML predicts one label", where="label", expected="one column",
                            received=", ".join(spec.labels), next_step=step))  # fmt: skip
    if spec.training.warm_start is not None:
        step = "remove it; hagane train begins with an earlier model"
        faults.append(Fault(what="AutoML begins with no earlier model", where="training.warm_start", next_step=step))
    if faults:
        raise SpecError(*faults)
    options = options_from("automl", AutoMlOptions, spec.model.options)
    return AskedAutoMl(options, replace(spec, model=Model(type=FAMILIES.get(type_, "auto")), tuning=None))


def automl_objective(options: AutoMlOptions, prepared: Prepared) -> Objective:
    """What the model is to be good at. Raises SpecError for a metric that this kind of label does not have."""
    label = prepared.label
    kind: Kind = "regression" if not label.num_classes else "binary" if label.num_classes == 2 else "multiclass"
    asked = options.objective
    try:
        return objectives_of([asked] if asked else [], kind, default=DEFAULTS[kind])[0]
    except SpecError as error:
        where = "model.options.optimization_objective"
        raise SpecError(*(replace(fault, where=where) for fault in error.faults)) from None


def automl_key(prepared: Prepared, options: AutoMlOptions) -> str:
    """The run, whatever time it is given: with more, the same run goes on."""
    untimed = replace(options, budget="1h", budget_hours=None)
    parts = run_key(prepared, None).encode() + msgspec.json.encode(untimed, order="sorted")
    return "automl-" + hashlib.sha256(parts).hexdigest()[:17]
