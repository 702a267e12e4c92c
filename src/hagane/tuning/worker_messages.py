"""What a study and the process that runs its trials tell each other: one JSON object a line."""

from __future__ import annotations

from typing import Any

import msgspec

from hagane.errors import Fault
from hagane.tuning.run_trial import TrialOutcome
from hagane.tuning.trial import Measurement


class RunIt(msgspec.Struct, frozen=True, tag="run"):
    """To the worker: a trial."""

    number: int
    parameters: dict[str, Any]


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """To the worker: whether the trial that was measured is to end."""

    is_to_end: bool


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """From the worker: it takes trials."""


class Measured(msgspec.Struct, frozen=True, tag="measured"):
    """From the worker, which waits for the answer."""

    measurement: Measurement


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """From the worker: the trial was trained."""

    outcome: TrialOutcome


class Broken(msgspec.Struct, frozen=True, tag="broken"):
    """From the worker: the trial came to nothing."""

    faults: tuple[Fault, ...]
    is_infeasible: bool = False


ToWorker = RunIt | Answer
FromWorker = Ready | Measured | Ended | Broken


def line_of(message: ToWorker | FromWorker) -> bytes:
    """As it is sent.

    >>> line_of(Answer(True))
    b'{"type":"answer","is_to_end":true}\\n'
    """
    return msgspec.json.encode(message) + b"\n"
