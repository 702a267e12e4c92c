"""`ModelFacts`: what a bundle says of itself, read for a comparison or a card."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from hagane.bundle.bundle import Bundle
from hagane.errors import BundleError, Fault
from hagane.evaluation.evaluation import Evaluation
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Spec
from hagane.workflow.lineage import Lineage


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One model."""

    bundle: Bundle
    spec_yaml: str
    spec: Spec
    lineage: Lineage
    evaluation: Evaluation


def read_model_facts(folder: Path) -> ModelFacts:
    """Load the bundle in `folder` and its documents. Raises BundleError where one is missing or damaged."""
    bundle = Bundle.load(folder)
    spec_yaml = bundle.document("spec.yaml").decode()
    try:
        return ModelFacts(
            bundle,
            spec_yaml,
            read_yaml(spec_yaml, path=str(bundle.folder / "spec.yaml")),
            msgspec.json.decode(bundle.document("lineage.json"), type=Lineage),
            Evaluation.from_json(bundle.document("evaluation.json")),
        )
    except msgspec.DecodeError as error:
        raise BundleError(Fault(what=f"a document is damaged: {error}", where=str(folder))) from None
