"""`check_mergeable`: sums of answers that were judged alike can be added up, others cannot."""

from __future__ import annotations

from hagane.errors import DataError, Fault


def check_mergeable(what: str, mine: float, theirs: float) -> None:
    """Raises DataError where two parts differ in `what`: a file put together of two histories may hold such.

    >>> check_mergeable("thresholds", 0.5, 0.5)
    """
    if mine != theirs:
        raise DataError(
            Fault(what=f"sums of different {what} cannot be merged", expected=f"{mine:g}", received=f"{theirs:g}")
        )
