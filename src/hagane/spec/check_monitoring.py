"""`monitoring_faults`: what must hold of the section `monitoring` by itself."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.errors import Fault, nearest
from hagane.spec.spec import Spec


def monitoring_faults(spec: Spec) -> Iterator[Fault]:
    """A time zone that there is none of, thresholds and rows out of range."""
    if spec.monitoring is None:
        return
    monitoring = spec.monitoring
    yield from _zone_faults(monitoring.time_zone)
    thresholds = {"monitoring.threshold": monitoring.threshold}
    thresholds |= {f"monitoring.thresholds.{name}": value for name, value in monitoring.thresholds.items()}
    for where, value in thresholds.items():
        if not 0 < value < float("inf"):
            yield Fault(what=f"{where} is out of range", where=where, expected="a number above 0, such as 0.3",
                        received=f"{value:g}")  # fmt: skip
    for name in ("min_rows", "alert_after", "alert_until"):
        value = getattr(monitoring, name)
        if value < 1:
            where = f"monitoring.{name}"
            yield Fault(what=f"{where} is out of range", where=where, expected="1 or more", received=str(value))


def _zone_faults(name: str) -> Iterator[Fault]:
    import zoneinfo

    known = zoneinfo.available_timezones()
    if name not in known:
        yield Fault(what=f"no time zone {name!r}", where="monitoring.time_zone", expected="such as Europe/Berlin",
                    nearest=nearest(name, known))  # fmt: skip
