"""The documents of a bundle as what they are: `evaluation_of`, `spec_of`."""

from __future__ import annotations

from hagane.bundle.bundle import Bundle
from hagane.evaluation.evaluation import Evaluation
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Spec


def evaluation_of(bundle: Bundle) -> Evaluation:
    """The report of training."""
    return Evaluation.from_json(bundle.document("evaluation.json"))


def spec_of(bundle: Bundle) -> Spec:
    """What was asked for, every default written out."""
    return read_yaml(bundle.document("spec.yaml").decode(), path=str(bundle.folder / "spec.yaml"))
