"""`seed_step`: the random numbers of a step (dropout) are a function of the seed, the step and the process."""

from __future__ import annotations

import torch

MASK = 2**64 - 1


def seed_step(seed: int, step: int, rank: int, device: str = "cpu") -> None:
    """Begin torch's random numbers of this step, so that whoever goes on from a checkpoint draws the same ones."""
    number = step_seed(seed, step, rank)
    torch.default_generator.manual_seed(number)
    if device != "cpu":
        torch.cuda.manual_seed(number)


def step_seed(seed: int, step: int, rank: int) -> int:
    """63 well-mixed bits (splitmix64: Steele, Lea and Flood, OOPSLA 2014).

    >>> step_seed(42, 0, 0), step_seed(42, 0, 1) == step_seed(42, 1, 0)
    (3166309114763032834, False)
    """
    value = seed & MASK
    for part in (step, rank):
        value = _mixed((value + 0x9E3779B97F4A7C15 * (part + 1)) & MASK)
    return value >> 1


def _mixed(value: int) -> int:
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)
