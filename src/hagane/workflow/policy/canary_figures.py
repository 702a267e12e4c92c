"""`canary_figures`: what the request log tells of a canary and of the model beside it, since it was deployed."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.data.engine import Engine, quote_name, quote_text
from hagane.metrics.anytime_difference import Moments, anytime_difference
from hagane.serving.request_log.log_lock import log_lock
from hagane.workflow.log_window import LogWindow
from hagane.workflow.request_log import log_folder, log_sql
from hagane.workspace.workspace import Workspace

PERCENTILE = 0.95
Z = 2.5758293035489004
"""Of 99 % of a normal distribution."""
ERRORS_LEVEL = 0.99
ERRORS_RESOLUTION = 0.01


class Answered(NamedTuple):
    """By one deployed model."""

    num_rows: int
    num_errors: int
    """Rows on which an expression erred."""
    num_labelled: int
    seconds: npt.NDArray[np.float64]
    """[requests] of the model's runs."""

    def percentile(self) -> tuple[float, float, float]:
        """The 95th of the run times with a 99 % interval by order statistics; infinitely wide where they are too few.

        David and Nagaraja 2003, "Order Statistics", section 7.1: the ranks n p ± z sqrt(n p (1 - p)).

        >>> [round(each, 3) for each in Answered(0, 0, 0, np.arange(1000) / 1000).percentile()]
        [0.949, 0.931, 0.967]
        """
        ordered, number = np.sort(self.seconds), len(self.seconds)
        if not number:
            return math.nan, 0.0, math.inf
        reach = Z * math.sqrt(number * PERCENTILE * (1 - PERCENTILE))
        low, high = math.floor(number * PERCENTILE - reach), math.ceil(number * PERCENTILE + reach)
        at = min(number - 1, math.ceil(number * PERCENTILE) - 1)
        return (
            float(ordered[at]),
            float(ordered[low - 1]) if low >= 1 else 0.0,
            float(ordered[high - 1]) if high <= number else math.inf,
        )


def canary_figures(
    endpoint: str, ids: tuple[str, ...], label: str, *, since: int, workspace: Workspace
) -> list[Answered]:
    """Of each deployed model, in the order of `ids`, by rows that came after `since` (µs since 1970 UTC).

    Raises NotFoundError where there is no log, DataError.
    """
    folder = log_folder(endpoint, workspace)
    with log_lock(folder):
        rows = log_sql(folder, LogWindow(since), with_truth=True)
        if rows is None:
            return [Answered(0, 0, 0, np.zeros(0))] * len(ids)
        is_labelled = f"truth.{quote_name(label)} IS NOT NULL" if label and folder.files("feedback") else "false"
        engine = Engine()
        return [_answered(engine, rows, id_, is_labelled) for id_ in ids]


def _answered(engine: Engine, rows: str, id_: str, is_labelled: str) -> Answered:
    sql = f"SELECT * FROM ({rows}) WHERE deployed_model_id = {quote_text(id_)} AND NOT mirror"
    counts = f"count(*) AS n, count(*) FILTER (row_error) AS e, count(*) FILTER ({is_labelled}) AS l"
    (found,) = engine.query(f"SELECT {counts} FROM ({sql})").to_pylist()
    seconds = engine.query(f"SELECT model_seconds AS s FROM ({sql}) WHERE row = 0")["s"].to_numpy()
    return Answered(found["n"], found["e"], found["l"], np.asarray(seconds, np.float64))


def errs_more(serving: Answered, canary: Answered) -> bool:
    """Whether the canary errs on a greater share of its rows, beyond noise, however often one looks."""
    sides = (Moments.of_share(each.num_rows, each.num_errors) for each in (serving, canary))
    found = anytime_difference(*sides, resolution=ERRORS_RESOLUTION, level=ERRORS_LEVEL)
    return found.lower > 0


def is_slower(serving: Answered, canary: Answered, times: float) -> bool:
    """Whether the canary's 95th percentile is more than so many times the other's, beyond noise."""
    return canary.percentile()[1] > times * serving.percentile()[2]
