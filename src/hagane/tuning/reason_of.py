"""`reason_of`: what broke a trial, in one text."""

from __future__ import annotations

from hagane.errors import HaganeError


def reason_of(error: BaseException) -> str:
    """What broke, in one text.

    >>> reason_of(MemoryError()), reason_of(KeyError("x"))
    ('the memory was not enough', "KeyError: 'x'")
    """
    if isinstance(error, HaganeError):
        return error.render()
    if isinstance(error, MemoryError):
        return "the memory was not enough"
    return f"{type(error).__name__}: {error}"
