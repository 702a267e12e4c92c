"""`override_strategy`: a spec that is trained where and by whom the command line says."""

from __future__ import annotations

import re
from typing import get_args, get_type_hints

from msgspec.structs import replace

from hagane.errors import Fault
from hagane.fronts.cli.one_of import one_of
from hagane.fronts.cli.usage_error import UsageError
from hagane.spec.spec import Spec, Training
from hagane.spec.strategy import Strategy, StrategyType
from hagane.spec.value_text import value_text

DEVICES: tuple[str, ...] = get_args(get_type_hints(Training)["device"])

WRITTEN = re.compile(r"(?P<type>\w+)(?::(?P<processes>\d+))?(?:@(?P<rendezvous>\S+))?")


def override_strategy(spec: Spec, *, strategy: str | None, nodes: str | None, device: str | None) -> Spec:
    """The spec with what is given put in the place of its own. Raises UsageError for what is no strategy.

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
        training = replace(training, device=one_of("--device", device, DEVICES))
    return replace(spec, training=training)


def _strategy(text: str) -> Strategy:
    found = WRITTEN.fullmatch(text)
    kind = one_of("--strategy", found["type"] if found else re.split("[:@]", text)[0], get_args(StrategyType))
    if found is None:
        expected = f"{kind}[:PROCESSES][@HOST:PORT], such as mirrored:4"
        raise UsageError(Fault(what=f"--strategy cannot be {value_text(text)}", expected=expected))
    processes = int(found["processes"]) if found["processes"] else None
    return Strategy(type=kind, num_processes=processes, rendezvous=found["rendezvous"])
