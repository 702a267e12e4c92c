"""`ReferenceWindows`: the stretch of the traffic that is taken for usual, declared."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hagane.errors import Fault
from hagane.spec.check_data_schema import parse_moment

MICROSECONDS = 1_000_000


class ReferenceWindows(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Windows of a deployed model from `since` on: up to `until`, or so many; by default its first ones.

    >>> ReferenceWindows(since="1970-01-02").stretch, ReferenceWindows().num_windows
    ((86400000000, None), 14)
    """

    since: str | None = None
    """A date or moment as ISO 8601 (UTC, if it does not say); None: the model's first window."""
    until: str | None = None
    """The stretch ends before it; None: after `num_windows`."""
    num_windows: int = 14
    """How many windows, where there is no `until`."""

    @property
    def stretch(self) -> tuple[int | None, int | None]:
        """`since` and `until` in µs since 1970; None where there is none."""
        return _microseconds(self.since), _microseconds(self.until)


def reference_faults(reference: ReferenceWindows) -> Iterator[Fault]:
    """Moments that are none, a stretch without an inside, too few windows."""
    where = "monitoring.reference"
    for name in ("since", "until"):
        text = getattr(reference, name)
        if text is not None and parse_moment(text) is None:
            yield Fault(what=f"no moment {text!r}", where=f"{where}.{name}", expected="such as 2026-01-31")
    since, until = reference.stretch
    if since is not None and until is not None and since >= until:
        what, expected = "the reference ends before it begins", f"after {reference.since}"
        yield Fault(what=what, where=f"{where}.until", expected=expected, received=str(reference.until))
    if reference.num_windows < 1:
        yield Fault(what=f"{where}.num_windows is out of range", where=f"{where}.num_windows", expected="1 or more",
                    received=str(reference.num_windows))  # fmt: skip


def _microseconds(text: str | None) -> int | None:
    moment = None if text is None else parse_moment(text)
    return None if moment is None else round(moment.timestamp() * MICROSECONDS)
