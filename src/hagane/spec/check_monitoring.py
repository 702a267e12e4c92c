"""`monitoring_faults`: what must hold of the section `monitoring` by itself."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hagane.errors import Fault, nearest
from hagane.spec.measure_thresholds import MEASURE_THRESHOLDS
from hagane.spec.monitoring import Monitoring
from hagane.spec.policy import policy_faults
from hagane.spec.quality import METRICS, Quality
from hagane.spec.reference_windows import reference_faults
from hagane.spec.rows_of_window import CALENDAR, WINDOWS_TEXT, rows_of_window
from hagane.spec.spec import Spec


def monitoring_faults(spec: Spec) -> Iterator[Fault]:
    """A time zone that there is none of, thresholds and rows out of range, measures that are none or named twice."""
    if spec.monitoring is None:
        return
    monitoring = spec.monitoring
    yield from _window_faults(monitoring.every)
    yield from _few_rows_faults(monitoring)
    for place, column in enumerate(monitoring.quality.slices):
        if column in spec.serving.sensitive:
            what, step = f"'{column}' is sensitive: the log has none of its values", "slice by another column"
            yield Fault(what=what, where=f"monitoring.quality.slices[{place}]", next_step=step)
    yield from _zone_faults(monitoring.time_zone)
    yield from _measure_faults(monitoring)
    thresholds = {} if monitoring.threshold is None else {"monitoring.threshold": monitoring.threshold}
    thresholds |= {f"monitoring.thresholds.{name}": value for name, value in monitoring.thresholds.items()}
    for name, value in monitoring.measure_thresholds.items():
        thresholds[f"monitoring.measure_thresholds.{name}"] = value
    for where, value in thresholds.items():
        if not 0 < value < float("inf"):
            yield Fault(what=f"{where} is out of range", where=where, expected="a number above 0, such as 0.3",
                        received=f"{value:g}")  # fmt: skip
    yield from _quality_faults(monitoring.quality)
    yield from _schema_faults(monitoring)
    for name in ("min_rows", "alert_after", "alert_until", "keep_hours_days"):
        value = getattr(monitoring, name)
        if value < 1:
            where = f"monitoring.{name}"
            yield Fault(what=f"{where} is out of range", where=where, expected="1 or more", received=str(value))
    yield from reference_faults(monitoring.reference)
    if monitoring.policy is not None:
        yield from policy_faults(monitoring.policy)


def _measure_faults(monitoring: Monitoring) -> Iterator[Fault]:
    for where in ("numeric", "categorical"):
        named = monitoring.measures_of(is_text=where == "categorical")
        if len(set(named)) != len(named) or not named:
            yield Fault(what="measures are named once each", where=f"monitoring.{where}", expected="one or more",
                        received=", ".join(named) or "none")  # fmt: skip
    for name in monitoring.measure_thresholds:
        if name not in MEASURE_THRESHOLDS:
            yield Fault(what=f"no measure {name!r}", where="monitoring.measure_thresholds",
                        expected=", ".join(MEASURE_THRESHOLDS), nearest=nearest(name, MEASURE_THRESHOLDS))  # fmt: skip


def _window_faults(every: str) -> Iterator[Fault]:
    if every not in CALENDAR and rows_of_window(every) is None:
        yield Fault(what=f"no window {every!r}", where="monitoring.every", expected=WINDOWS_TEXT,
                    nearest=nearest(every, CALENDAR))  # fmt: skip


def _few_rows_faults(monitoring: Monitoring) -> Iterator[Fault]:
    num_rows = rows_of_window(monitoring.every)
    if num_rows is not None and num_rows < monitoring.min_rows:
        yield Fault(what="no window would be judged", where="monitoring.min_rows", received=str(monitoring.min_rows),
                    expected=f"at most the {num_rows} rows of a window")  # fmt: skip


def _quality_faults(quality: Quality) -> Iterator[Fault]:
    limits = {"monitoring.quality.threshold": quality.threshold}
    limits |= {f"monitoring.quality.thresholds.{name}": value for name, value in quality.thresholds.items()}
    for where, value in limits.items():
        if not 0 < value < float("inf"):
            yield Fault(what=f"{where} is out of range", where=where, expected="a number above 0, such as 0.1",
                        received=f"{value:g}")  # fmt: skip
    for name in quality.thresholds:
        if name not in METRICS:
            yield Fault(what=f"there is no metric '{name}'", where=f"monitoring.quality.thresholds.{name}",
                        expected=", ".join(METRICS), nearest=nearest(name, METRICS))  # fmt: skip
    if quality.min_rows < 1:
        where = "monitoring.quality.min_rows"
        yield Fault(what=f"{where} is out of range", where=where, expected="1 or more", received=str(quality.min_rows))


def _schema_faults(monitoring: Monitoring) -> Iterator[Fault]:
    for name, value in msgspec.structs.asdict(monitoring.schema).items():
        if not 0 <= value <= 1:
            where = f"monitoring.schema.{name}"
            yield Fault(what=f"{where} is out of range", where=where, expected="a share from 0 to 1, such as 0.01",
                        received=f"{value:g}")  # fmt: skip


def _zone_faults(name: str) -> Iterator[Fault]:
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(name)  # to list all that there are takes 40 ms
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = zoneinfo.available_timezones()
        yield Fault(what=f"no time zone {name!r}", where="monitoring.time_zone", expected="such as Europe/Berlin",
                    nearest=nearest(name, known))  # fmt: skip
