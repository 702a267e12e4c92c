"""`override_strategy`: a spec that is trained where and by whom the command line says."""

from __future__ import annotations

import re
from typing import Any, get_args

from msgspec.structs import replace

from hagane.errors import Fault, SpecError, nearest
from hagane.spec.spec import Spec
from hagane.spec.strategy import Strategy, StrategyType

WRITTEN = re.compile(r"(?P<type>\w+)(?::(?P<processes>\d+))?(?:@(?P<rendezvous>\S+))?")


def override_strategy(spec: Spec, *, strategy: str | None, nodes: str | None, device: str | None) -> Spec:
    """The spec with what is given put in the place of its own. Raises SpecError for what is no strategy.

    >>> made = override_strategy(
    ...     Spec(data="f.csv", label="y"), strategy="multi_worker:2@10.0.0.1:29500", nodes="1:4", device=None
    ... )
    >>> made.training.strategy.num_processes, made.training.strategy.rendezvous, made.training.strategy.nodes
    (2, '10.0.0.1:29500', (1, 4))
    """
    training = spec.training
    if strategy is not None:
        training = replace(training, strategy=_strategy(strategy))
    if nodes is not None:
        assert isinstance(training.strategy, Strategy)
        training = replace(training, strategy=replace(training.strategy, num_nodes=nodes))
    if device is not None:
        training = replace(training, device=_one_of("device", device, ("auto", "cpu", "cuda")))
    return replace(spec, training=training)


def _strategy(text: str) -> Strategy:
    found = WRITTEN.fullmatch(text)
    kind = _one_of("strategy", found["type"] if found else text, get_args(StrategyType))
    assert found is not None
    processes = int(found["processes"]) if found["processes"] else None
    return Strategy(type=kind, num_processes=processes, rendezvous=found["rendezvous"])


def _one_of(option: str, value: str, choices: tuple[str, ...]) -> Any:
    if value not in choices:
        expected = f"one of {', '.join(choices)}"
        raise SpecError(Fault(what=f"no {option} {value!r}", where=f"--{option}", expected=expected,
                              nearest=nearest(value, choices)))  # fmt: skip
    return value
