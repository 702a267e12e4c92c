"""The options of `hagane serve` that are about the request log, as its settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import typer

if TYPE_CHECKING:
    from hagane.bundle.signature import Treatment
    from hagane.serving.request_log.log_settings import LogSettings


def log_settings(
    logs: Path, *, rate: float | None, days: float | None, limit: str | None, sensitive: Sequence[str]
) -> LogSettings | None:
    """None where no log is asked for. Raises typer.BadParameter for options that a log needs, or that are none."""
    from hagane.fronts.cli.cache import num_bytes
    from hagane.serving.request_log.log_options import LogOptions
    from hagane.serving.request_log.log_settings import LogSettings

    given = {"--log-days": days, "--log-limit": limit, "--sensitive": list(sensitive) or None}
    if rate is None:
        for option, value in given.items():
            if value is not None:
                raise typer.BadParameter(f"{option} is of a request log: say --log-rate, too")
        return None
    options = LogOptions(rate=rate, sensitive=_treatments(sensitive))
    more: dict[str, float | int] = {}
    more |= {} if days is None else {"max_age_days": days}
    more |= {} if limit is None else {"max_bytes": num_bytes(limit, option="--log-limit")}
    return LogSettings(logs=str(logs), options=msgspec.structs.replace(options, **more))


def _treatments(texts: Sequence[str]) -> dict[str, Treatment]:
    """`COLUMN` or `COLUMN=hash|leave_out`; a column's name may hold `=`."""
    found: dict[str, Treatment] = {}
    for text in texts:
        name, equals, word = text.rpartition("=")
        if not equals:
            found[text] = "hash"
        elif word == "hash":
            found[name] = "hash"
        elif word == "leave_out":
            found[name] = "leave_out"
        else:
            raise typer.BadParameter(f"--sensitive {text}: expected COLUMN, COLUMN=hash or COLUMN=leave_out")
    return found
