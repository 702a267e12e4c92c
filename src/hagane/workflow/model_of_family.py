"""`model_of_family`: the model that a function of certain families is of, made again from its bundle."""

from __future__ import annotations

from typing import TypeVar

from hagane.bundle.bundle import Bundle
from hagane.errors import Fault, SpecError
from hagane.models.kmeans_model import KMeansModel
from hagane.models.pca_model import PcaModel
from hagane.workflow.fitted_model import fitted_model

KINDS: dict[type, str] = {KMeansModel: "kmeans", PcaModel: "pca"}
M = TypeVar("M")


def model_of_family(bundle: Bundle, function: str, *kinds: type[M]) -> M:
    """The model as one of `kinds`. Raises SpecError where it is of another family."""
    expected = [KINDS[kind] for kind in kinds]
    family = bundle.signature.model_type
    if family not in expected:
        told = " or ".join(expected)
        what = f"{function} is of a model of type {told}, and {bundle.name} is none"
        raise SpecError(Fault(what=what, where="MODEL", expected=told, received=family))
    model = fitted_model(bundle)
    assert isinstance(model, kinds)
    return model
