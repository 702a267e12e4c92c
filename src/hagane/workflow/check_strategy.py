"""`check_strategy`: whether a family can be trained as a spec says."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.errors import Fault, SpecError
from hagane.models.family import Family
from hagane.spec.spec import Training
from hagane.spec.strategy import Strategy

NETWORKS_ALONE = {"precision": "float32", "compile": False}
"""Key of `training` → what families that are not trained by torch take."""


def check_strategy(training: Training, family: Family) -> None:
    """Raise SpecError with each key that only networks know, for a family that is none."""
    if faults := tuple(strategy_faults(training, family)):
        raise SpecError(*faults)


def strategy_faults(training: Training, family: Family) -> Iterator[Fault]:
    """The same as faults."""
    given = [name for name, default in NETWORKS_ALONE.items() if getattr(training, name) != default]
    given += ["device"] if training.device == "cuda" else []
    given += ["strategy"] if isinstance(training.strategy, Strategy) and training.strategy.type != "single" else []
    if not given or _is_torch(family):
        return
    for name in given:
        yield Fault(
            what=f"{family.name} knows no training.{name}",
            where=f"training.{name}",
            expected="a family that PyTorch trains (dnn_classifier, dnn_regressor, …)",
            received=family.name,
            next_step=f"remove training.{name} ({family.name} uses all cores of one machine), or choose another",
        )


def _is_torch(family: Family) -> bool:
    from hagane.models.torch_options import TorchOptions

    return issubclass(family.Options, TorchOptions)
