"""What a declared communication may be."""

from __future__ import annotations

from typing import Any

import pytest

from hagane.spec.check import spec_faults
from hagane.spec.communication import Communication, communication_faults
from hagane.spec.spec import Spec, Training
from hagane.spec.strategy import Strategy

GOOD = (
    {},
    {"compression": "bfloat16"},
    {"compression": "powersgd", "powersgd_rank": 1},
    {"outer_steps": 32},
    {"outer_steps": 32, "compression": "bfloat16", "outer_learn_rate": 0.7, "outer_momentum": 0.9},
)


@pytest.mark.parametrize("values", GOOD)
def test_what_goes_together_has_no_fault(values: dict[str, Any]) -> None:
    assert not list(communication_faults(Communication(**values)))


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"compression": "powersgd", "powersgd_rank": 0}, ["powersgd_rank"]),
        ({"powersgd_rank": 2}, ["powersgd_rank"]),
        ({"outer_steps": 0}, ["outer_steps"]),
        ({"outer_steps": 8, "outer_learn_rate": 0.0}, ["outer_learn_rate"]),
        ({"outer_steps": 8, "outer_learn_rate": float("nan")}, ["outer_learn_rate"]),
        ({"outer_steps": 8, "outer_momentum": 1.0}, ["outer_momentum"]),
        ({"outer_momentum": 0.9, "outer_learn_rate": 0.7}, ["outer_learn_rate", "outer_momentum"]),
        ({"outer_steps": 8, "compression": "powersgd"}, ["compression"]),
        ({"outer_steps": 8, "compression": "powersgd", "powersgd_rank": 5000, "outer_momentum": -1.0},
         ["powersgd_rank", "outer_momentum", "compression"]),
    ],
)  # fmt: skip
def test_every_fault_is_told_at_once(values: dict[str, Any], where: list[str]) -> None:
    faults = list(communication_faults(Communication(**values)))
    assert [fault.where for fault in faults] == [f"training.communication.{name}" for name in where]
    assert all(fault.next_step or fault.expected for fault in faults)


def test_it_needs_several_processes_that_hold_the_whole_model() -> None:
    def faults(strategy: Strategy, **values: Any) -> list[str]:
        training = Training(strategy=strategy, communication=Communication(**values))
        return [fault.what for fault in spec_faults(Spec(data="f.csv", label="y", training=training))]

    mirrored = Strategy(type="mirrored")
    assert not faults(mirrored, compression="powersgd")
    assert not faults(Strategy())
    assert faults(Strategy(), outer_steps=8) == ["one process has nobody to tell anything"]
    split = Strategy(type="mirrored", sharding="full")
    assert faults(split, compression="bfloat16") == ["communication and sharding: full do not go together"]
    assert not faults(split)
