"""Faults of a member of an ensemble, told where the member stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec

from hagane.errors import Fault, SpecError, TrainingError, TrainingInterruptedError

MODEL = "model."
"""How the places of a family's own faults begin."""


def moved_faults(faults: Iterable[Fault], place: str) -> tuple[Fault, ...]:
    """Those of a family by itself, at the place of the member.

    >>> fault = Fault(what="too many", where="model.options.hidden_units[0]")
    >>> moved_faults([fault], "model.options.members[1]")[0].where
    'model.options.members[1].options.hidden_units[0]'
    """
    return tuple(msgspec.structs.replace(fault, where=_moved(fault.where, place)) for fault in faults)


@contextmanager
def faults_of_member(place: str) -> Iterator[None]:
    """What is raised within of a wrong option, or by a fit, is told at the place of the member."""
    try:
        yield
    except TrainingInterruptedError:
        raise
    except (SpecError, TrainingError) as error:
        raise type(error)(*moved_faults(error.faults, place)) from error


def _moved(where: str, place: str) -> str:
    return f"{place}.{where.removeprefix(MODEL)}" if where.startswith(MODEL) else where
