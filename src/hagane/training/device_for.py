"""`device_for`: where networks are trained."""

from __future__ import annotations

from typing import Literal

import torch

from hagane.errors import Fault, TrainingError


def device_for(asked: Literal["auto", "cpu", "cuda"]) -> Literal["cpu", "cuda"]:
    """`auto` is a GPU where there is one. Raises TrainingError where `cuda` was asked for and is not there.

    >>> device_for("cpu")
    'cpu'
    """
    if asked == "cuda" and not torch.cuda.is_available():
        why = "no GPU that CUDA can use" if torch.version.cuda else "this build of PyTorch is for the CPU alone"
        raise TrainingError(
            Fault(
                what="there is no CUDA device", where="training.device", received=why,
                next_step="set training.device: auto, or install a CUDA build of PyTorch",
            )
        )  # fmt: skip
    if asked == "cpu":
        return "cpu"
    return "cuda" if torch.cuda.is_available() else "cpu"
