"""Learning rates, held against torch's own schedulers."""

from __future__ import annotations

import pytest
import torch

from hagane.training.schedule import SCHEDULES, Schedule

STEPS = 20
THEIRS = {
    "constant": lambda o: torch.optim.lr_scheduler.ConstantLR(o, factor=1.0),
    "cosine": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, STEPS),
    "linear": lambda o: torch.optim.lr_scheduler.LinearLR(o, 1.0, 0.0, STEPS),
    "exponential": lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.01 ** (1 / STEPS)),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_as_torch(name: str) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    schedule, theirs = Schedule(name, STEPS), THEIRS[name](optimizer)
    for step in range(STEPS):
        assert schedule.factor(step) == pytest.approx(optimizer.param_groups[0]["lr"], abs=1e-12)
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_warm_up_rises_evenly_to_the_whole_rate(name: str) -> None:
    schedule = Schedule(name, 50, warmup_steps=10)
    assert [schedule.factor(step) for step in range(10)] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert schedule.factor(10) == 1.0
    assert [schedule.factor(10 + step) for step in range(40)] == [Schedule(name, 40).factor(step) for step in range(40)]
