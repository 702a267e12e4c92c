"""`Policy`: what is done when a model's traffic has drifted, declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from hagane.errors import Fault, SpecError
from hagane.spec.duration import parse_duration

Approval = Literal["automatic", "manual"]
WatchedSubject = Literal["input", "feature", "prediction", "attribution", "quality"]


class Approvals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which steps wait for a person; to roll back and to reject never do."""

    retrain: Approval = "automatic"
    canary: Approval = "automatic"
    promote: Approval = "automatic"


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a model is trained again, on what, and what the candidate has to show before it takes the traffic.

    >>> Policy(watch="12h").seconds("watch")
    43200.0
    """

    subjects: tuple[WatchedSubject, ...] = ("input", "prediction", "quality")
    """Whose alerts count."""
    retrain_after: int = 3
    """An alert that has been wrong for so many windows has a model trained again."""
    data: Literal["spec", "request_log"] = "spec"
    """Fresh rows: the spec's own `data`, read again, or the logged rows whose truth has come."""
    period: str = "90d"
    """Of `request_log`: from how long ago."""
    min_train_rows: int = 1000
    """Of `request_log`: fewer are not trained on."""
    cooldown: str = "7d"
    """After the end of one attempt none begins for so long."""

    metric: str = ""
    """By which the candidate has to be better; by default the evaluation's first (ROC AUC, accuracy, R²)."""
    min_rows: int = 500
    """Labelled rows, newer than the training of either model, on which both are measured."""
    require: Literal["better", "not_worse"] = "better"
    """Where the lower end of the difference's 95 % interval must lie: above 0, or above -`margin`."""
    margin: float = 0.0
    """Of `not_worse`, in the metric's units."""

    canary: int = 10
    """Percent of the requests that an accepted candidate answers."""
    watch: str = "1d"
    """For so long at least."""
    watch_rows: int = 100
    """Rows that it answered, and whose truth is known, before it is promoted; 0: none has to be known."""
    max_slowdown: float = 2.0
    """A canary whose 95th percentile of run times is so many times the serving model's has failed."""
    patience: str = "30d"
    """Labelled rows that have not come by then are waited for no more: the candidate is rejected, or rolled back."""
    approve: Approvals = Approvals()

    def seconds(self, name: Literal["period", "cooldown", "watch", "patience"]) -> float:
        """One of its durations."""
        return parse_duration(getattr(self, name), where=f"monitoring.policy.{name}")


DURATIONS: tuple[Literal["period", "cooldown", "watch", "patience"], ...] = ("period", "cooldown", "watch", "patience")
LEAST = {"retrain_after": 1, "min_train_rows": 2, "min_rows": 10, "watch_rows": 0}
MOST_CANARY = 50
WHERE = "monitoring.policy"


def policy_faults(policy: Policy) -> Iterator[Fault]:
    """Durations that are none, numbers out of range, nobody whose alerts count."""
    seconds: dict[str, float] = {}
    for name in DURATIONS:
        try:
            seconds[name] = policy.seconds(name)
        except SpecError as error:
            yield from error.faults
    if seconds.get("watch", 0.0) >= seconds.get("patience", float("inf")):
        yield _fault("patience", f"longer than {WHERE}.watch, {policy.watch}", policy.patience)
    for key, least in LEAST.items():
        if getattr(policy, key) < least:
            yield _out_of_range(key, f"{least} or more", getattr(policy, key))
    if not 1 <= policy.canary <= MOST_CANARY:
        yield _out_of_range("canary", f"a percentage from 1 to {MOST_CANARY}", policy.canary)
    if not 0 <= policy.margin < float("inf"):
        yield _out_of_range("margin", "0 or more, in the metric's units", policy.margin)
    if not 1 <= policy.max_slowdown < float("inf"):
        yield _out_of_range("max_slowdown", "1 or more", policy.max_slowdown)
    if not policy.subjects:
        yield Fault(what="no alert would have the model trained again", where=f"{WHERE}.subjects",
                    expected="some of: input, feature, prediction, attribution, quality")  # fmt: skip


def _out_of_range(key: str, expected: str, received: float) -> Fault:
    return _fault(key, expected, f"{received:g}")


def _fault(key: str, expected: str, received: str) -> Fault:
    where = f"{WHERE}.{key}"
    return Fault(what=f"{where} is out of range", where=where, expected=expected, received=received)
