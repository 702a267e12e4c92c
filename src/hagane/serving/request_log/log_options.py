"""`LogOptions`: what of an endpoint's traffic is kept, how, and for how long."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hagane.bundle.signature import Treatment
from hagane.errors import Fault, SpecError

SHORTEST_FLUSH_SECONDS = 0.05


class LogOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of one endpoint's request log. JSON, so that they travel to worker processes.

    >>> LogOptions(rate=0.5).max_age_days
    30.0
    """

    rate: float = 1.0
    """Share of the requests that are kept, in [0, 1]; 0 keeps none, and feedback all the same."""
    sensitive: dict[str, Treatment] = {}
    """Raw column → `hash` or `leave_out`, beside those that the model's spec marks (the stricter of two holds)."""
    flush_seconds: float = 10.0
    """How long rows lie in memory before they are a file: what a killed process can lose."""
    max_age_days: float | None = 30.0
    """Hours older than this are deleted; None keeps them."""
    max_bytes: int | None = 10_000_000_000
    """The oldest hours are deleted where the endpoint's log takes more; None for no limit."""
    buffer_bytes: int = 64 * 2**20
    """About how much memory waiting requests may take in each process; what does not fit is dropped, and counted."""


def check_log_options(options: LogOptions) -> None:
    """Raise SpecError with every option that cannot be.

    >>> check_log_options(LogOptions(rate=2.0))
    Traceback (most recent call last):
    hagane.errors.SpecError: the request log's rate is out of range
      where: rate
      expected: from 0 to 1
      received: 2.0
    """
    if faults := list(_faults(options)):
        raise SpecError(*faults)


def _faults(options: LogOptions) -> Iterator[Fault]:
    if not 0 <= options.rate <= 1:
        yield _fault("rate", "from 0 to 1", options.rate)
    if not options.flush_seconds >= SHORTEST_FLUSH_SECONDS:
        yield _fault("flush_seconds", f"at least {SHORTEST_FLUSH_SECONDS}", options.flush_seconds)
    for name, least in (("max_age_days", 0), ("max_bytes", 0), ("buffer_bytes", 2**20)):
        value = getattr(options, name)
        if value is not None and not value >= least:
            yield _fault(name, f"at least {least:,}", value)


def _fault(name: str, expected: str, received: object) -> Fault:
    what = f"the request log's {name} is out of range"
    return Fault(what=what, where=name, expected=expected, received=str(received))
