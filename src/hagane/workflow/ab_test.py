"""`ab_test`: which of two deployed versions is better, by rows whose truth is known, with a verdict at every look."""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

from hagane.data.engine import quote_name, quote_text
from hagane.data.open_table import open_table
from hagane.data.table import Table
from hagane.errors import DataError, Fault, SpecError, nearest
from hagane.metrics.anytime_difference import LEAST_ROWS, Moments, anytime_difference
from hagane.metrics.sample_ratio import sample_ratio_p_value
from hagane.serving.endpoint_state import STABLE, DeployedModel, EndpointState
from hagane.types import SqlType
from hagane.workflow.find_deployed import find_deployed
from hagane.workflow.log_window import LogWindow
from hagane.workflow.read_signature import read_signature
from hagane.workspace.workspace import Workspace

EVERYTHING = LogWindow()
MISMATCH = 0.001
"""A sample ratio less probable than this is a mismatch: it is looked at often, and the alarm should be believed."""
SETTLED_SECONDS = 60
"""After a change of the split: by then every server has heard of it."""
Verdict = Literal["b_is_better", "a_is_better", "no_difference", "keep_on"]
LEAST_PROBABILITY = 1e-15
"""A lower one is taken for this: the log loss of a certain error is not infinite."""
RESOLUTIONS = {"accuracy": 0.01, "log_loss": 0.01, "outcome": 0.01}
"""Where no other is given. Of an error in the label's own units nobody knows it but who asks."""
METRICS = (*RESOLUTIONS, "rmse", "mean_absolute_error")
LOWER_IS_BETTER = ("log_loss", "rmse", "mean_absolute_error")


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two versions."""

    id: str
    reference: str
    num_rows: int
    """Whose truth is known."""
    value: float
    """The metric's; NaN of no rows."""


class SampleRatio(msgspec.Struct, frozen=True, kw_only=True):
    """How many each version got, beside what the traffic split says."""

    of: Literal["requests", "rows"]
    a: int
    b: int
    share_of_b: float
    """By the split: B's part of what both get."""
    p_value: float
    is_mismatch: bool
    """Whether it is below `MISMATCH`: then no metric of the test can be relied upon."""

    @property
    def text(self) -> str:
        """In words."""
        seen = f"{self.a:,} and {self.b:,} {self.of}, of which B was to have {100 * self.share_of_b:.4g} %"
        if not self.is_mismatch:
            return f"the versions got what the split says: {seen} (p = {self.p_value:.2g})"
        return (
            f"sample ratio mismatch: the versions got {seen} (p = {self.p_value:.2g}): something divides or loses "
            "requests by another rule than the split, and may be what makes the difference"
        )


class ABTest(msgspec.Struct, frozen=True, kw_only=True):
    """B against A, as far as is known now."""

    endpoint: str
    metric: str
    level: float
    resolution: float
    """The smallest difference that matters, chosen before the first look."""
    a: Arm
    b: Arm
    difference: float
    """B's metric less A's."""
    lower: float
    upper: float
    rows_needed: int
    """About how many rows in all until a difference larger than the resolution is found or ruled out; 0: no more."""
    verdict: Verdict
    text: str
    """The verdict in words."""
    sample_ratio: SampleRatio | None = None
    """None where either has no traffic, or too little was seen since the split was made."""


def ab_test(
    endpoint: str,
    *,
    metric: str,
    data: object | None = None,
    a: str | None = None,
    b: str | None = None,
    resolution: float | None = None,
    level: float = 0.95,
    window: LogWindow = EVERYTHING,
    workspace: Workspace,
) -> ABTest:
    """Hold the version `b` against `a` by the rows of `data`, whenever and as often as you like.

    The bounds of the difference hold at all looks together (`hagane.metrics.anytime_difference`), so a test may be
    ended as soon as the verdict is another than `keep_on`. By default `a` is `stable` and `b` the other one; they are
    named as for `hagane undeploy`. `metric` is one of METRICS; `resolution` the smallest difference that matters, to
    be chosen before the first look (0.01 for shares and log losses). `data` has a row for each prediction, the columns
    `deployed_model_id`, `prediction` and `truth`; without it the endpoint's request log is read, with the truth that
    has arrived. Rows without a truth are passed over. For `log_loss` the prediction is the probability that the truth
    is true, for `outcome` (the share of rows whose truth is true) there need be none. Raises HaganeError with every
    fault.
    """
    state = workspace.endpoints.get(endpoint)
    smallest = _resolution(metric, resolution, level)
    arm_a, arm_b = _arms(state, a, b)
    table = _logged(state, workspace, window) if data is None else open_table(data)
    moments = [_moments(table, metric, arm) for arm in (arm_a, arm_b)]
    found = anytime_difference(*moments, resolution=smallest, level=level)
    told = [
        Arm(id=arm.id, reference=arm.reference, num_rows=one.num_rows, value=one.mean)
        for arm, one in zip((arm_a, arm_b), moments, strict=True)
    ]
    verdict = _verdict(found.lower, found.upper, smallest, metric in LOWER_IS_BETTER)
    test = ABTest(
        endpoint=state.name,
        metric=metric,
        level=level,
        resolution=smallest,
        a=told[0],
        b=told[1],
        **found._asdict(),
        verdict=verdict,
        text="",
        sample_ratio=_sample_ratio(table, state, arm_a, arm_b),
    )
    return msgspec.structs.replace(test, text=_words(test))


def _logged(state: EndpointState, workspace: Workspace, window: LogWindow) -> Table:
    from hagane.workflow.request_log import read_request_log

    return read_request_log(state.name, workspace=workspace, window=window, with_truth=True)


def _resolution(metric: str, resolution: float | None, level: float) -> float:
    faults = []
    if metric not in METRICS:
        near = nearest(metric, METRICS)
        faults.append(Fault(what=f"there is no A/B test by {metric!r}", expected=", ".join(METRICS), nearest=near))
    elif resolution is None and metric not in RESOLUTIONS:
        step = "say the smallest difference that matters: --resolution, in the units of the label"
        faults.append(Fault(what=f"{metric} has no resolution of its own", next_step=step))
    if resolution is not None and not (0 < resolution < math.inf):
        faults.append(Fault(what=f"the resolution cannot be {resolution}", expected="a number above 0"))
    if not 0.5 <= level < 1:
        faults.append(Fault(what=f"the level cannot be {level}", expected="a number from 0.5 to 1, such as 0.95"))
    if faults:
        raise SpecError(*faults)
    return RESOLUTIONS[metric] if resolution is None else resolution


def _arms(state: EndpointState, a: str | None, b: str | None) -> tuple[DeployedModel, DeployedModel]:
    stable = next((each for each in state.models if STABLE in each.labels), None)
    first = find_deployed(state, a) if a is not None else stable
    others = [each for each in state.models if each is not first and (each.traffic or b is not None)]
    second = find_deployed(state, b) if b is not None else others[0] if len(others) == 1 else None
    if first is None or second is None or first is second:
        there = ", ".join(each.reference for each in state.models)
        what = f"which two versions of {state.name} are held against each other has to be said"
        raise SpecError(Fault(what=what, expected="two of " + there, next_step="--a late@3 --b late@4"))
    return first, second


def _moments(table: Table, metric: str, arm: DeployedModel) -> Moments:
    """Of the metric's number a row, by DuckDB, for the rows of one version."""
    names = set(table.schema.names)
    table.check_columns(["deployed_model_id"])
    prediction = _column(names, "prediction", arm) if metric != "outcome" else "NULL"
    truth = _column(names, "truth", arm)
    number = _number(metric, prediction, truth, names, arm)
    mirrored = " AND NOT mirror" if "mirror" in names else ""
    where = f"deployed_model_id::VARCHAR = {quote_text(arm.id)} AND {truth} IS NOT NULL{mirrored}"
    totals = "count(v) AS num_rows, avg(v) AS mean, var_samp(v) AS variance, sum(v) AS total"
    source = f"(SELECT {number} AS v FROM data WHERE {where})"
    (row,) = table.query(f"SELECT {totals}, min(v) AS low, max(v) AS high FROM {source}").to_pylist()
    return _of_totals(row, metric)


def _sample_ratio(table: Table, state: EndpointState, a: DeployedModel, b: DeployedModel) -> SampleRatio | None:
    """Of the requests since the split was made, where the rows tell them apart and have a time; of the rows otherwise.

    Rows whose truth is not known yet count, too: they were divided likewise.
    """
    names = set(table.schema.names)
    if not (a.traffic and b.traffic):
        return None
    where = "true" + " AND NOT mirror" * ("mirror" in names)
    if "time" in names and table.schema["time"].type is SqlType.TIMESTAMP and state.changed:
        where += f" AND time >= {quote_text(state.changed)}::TIMESTAMPTZ + INTERVAL {SETTLED_SECONDS} SECONDS"
    of: Literal["requests", "rows"] = "requests" if "request_id" in names else "rows"
    count = "count(DISTINCT request_id)" if of == "requests" else "count(*)"
    seen = [
        table.query(
            f"SELECT {count} AS n FROM data WHERE deployed_model_id::VARCHAR = {quote_text(each.id)} AND {where}"
        ).to_pylist()[0]["n"]
        for each in (a, b)
    ]
    p_value = sample_ratio_p_value(seen, (a.traffic, b.traffic))
    if p_value is None:
        return None
    share = b.traffic / (a.traffic + b.traffic)
    return SampleRatio(of=of, a=seen[0], b=seen[1], share_of_b=share, p_value=p_value, is_mismatch=p_value < MISMATCH)


def _of_totals(row: dict[str, Any], metric: str) -> Moments:
    count = row["num_rows"]
    if metric in ("accuracy", "outcome"):
        if count and not 0 <= row["low"] <= row["high"] <= 1:
            expected = "true or false, or 1 and 0"
            raise DataError(Fault(what="the truth is no outcome", where="truth", expected=expected))
        return Moments.of_share(count, row["total"] or 0.0)
    mean = math.nan if row["mean"] is None else row["mean"]
    found = Moments(count, mean, math.nan if row["variance"] is None else row["variance"])
    return found.root() if metric == "rmse" and count else found


def _number(metric: str, prediction: str, truth: str, names: set[str], arm: DeployedModel) -> str:
    """The SQL of the metric's number of a row."""
    if metric == "accuracy":
        return f"(({prediction}) = ({truth}))::INTEGER::DOUBLE"
    if metric == "outcome":
        return f"({truth})::DOUBLE"
    if metric == "log_loss":
        return f"-ln(greatest({LEAST_PROBABILITY}, {_probability(prediction, truth, names, arm)}))"
    error = f"(({prediction})::DOUBLE - ({truth})::DOUBLE)"
    return f"({error} * {error})" if metric == "rmse" else f"abs{error}"


def _probability(prediction: str, truth: str, names: set[str], arm: DeployedModel) -> str:
    """Of what came true: from a request log's probabilities in the order of the classes, or the prediction itself."""
    if "probabilities" not in names:
        return f"CASE WHEN ({truth})::BOOLEAN THEN ({prediction})::DOUBLE ELSE 1 - ({prediction})::DOUBLE END"
    classes = read_signature(arm.path).classes
    texts = [str(each).lower() if isinstance(each, bool) else str(each) for each in classes]
    cases = " ".join(f"WHEN {quote_text(text)} THEN probabilities[{at}]" for at, text in enumerate(texts, 1))
    return f"CASE ({truth})::VARCHAR {cases} END"


def _column(names: set[str], word: str, arm: DeployedModel) -> str:
    """`prediction` or `truth`, or of a request log the field of it that is the label's. Raises DataError."""
    if word in names:
        return quote_name(word)
    label = read_signature(arm.path).label
    flat = f"{word}.{'predicted_' if word == 'prediction' else ''}{label}"
    if flat in names:
        return quote_name(flat)
    expected = f"{word}, or {flat} of a request log"
    raise DataError(Fault(what=f"the rows have no column {word}", expected=expected, nearest=nearest(word, names)))


def _verdict(lower: float, upper: float, resolution: float, lower_is_better: bool) -> Verdict:
    if lower > 0 or upper < 0:
        return "b_is_better" if (upper < 0) == lower_is_better else "a_is_better"
    return "no_difference" if max(-lower, upper) <= resolution else "keep_on"


def _words(test: ABTest) -> str:
    bounds = f"between {test.lower:+.4g} and {test.upper:+.4g} ({100 * test.level:g} %, at every look)"
    if test.verdict in ("b_is_better", "a_is_better"):
        better = test.b if test.verdict == "b_is_better" else test.a
        return f"{better.reference} is better: the difference in {test.metric} is {bounds}; the test may end"
    if test.verdict == "no_difference":
        return f"no difference larger than {test.resolution:g}: it is {bounds}; the test may end"
    if min(test.a.num_rows, test.b.num_rows) < LEAST_ROWS:
        return f"keep on: {LEAST_ROWS} rows of each version are needed before anything can be said"
    if not test.rows_needed:
        return f"keep on: the difference in {test.metric} is {bounds}"
    rows = f"about {test.rows_needed:,} rows in all"
    return f"keep on: the difference in {test.metric} is {bounds}; {rows} tell a difference of {test.resolution:g}"
