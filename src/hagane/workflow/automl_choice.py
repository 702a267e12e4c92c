"""`choose`: of all models that were tried, the one, or the few, that are trained as the result.

Every comparison is of pairs, on the same resamples of the same eval rows; *noise* is one standard error of the
difference (the one-standard-error rule of Breiman, Friedman, Olshen and Stone 1984, section 3.4.3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.evaluation.bootstrap import Resampled, resample
from hagane.evaluation.checked_input import CheckedInput, check_input
from hagane.evaluation.confidence import weighted_metrics
from hagane.metrics.weighted_metrics import WeightedMetrics
from hagane.models.ensemble_losses import row_losses
from hagane.tuning.ensemble_selection import select_members
from hagane.tuning.objective import Objective

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
NUM_RESAMPLES = 200
MOST_ROWS = 10_000
NUM_FOLDS = 5
WORTH_A_MEMBER = 0.01
"""Of the standard error of the best: what gains less is the same model."""
AS_GOOD = 0.5
"""Of the standard error of the difference: a model behind by less is as good as the best."""
CHEAPER = 0.5
"""It is taken in the best one's place where it costs so much of what that costs, or less."""
MOST_CONSIDERED = 12
"""The best so many may be members."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """How much better one model is than another, in the objective's unit: above 0 is better."""

    gain: float
    error: float
    """Its standard error: 0 where the metric has none."""

    @property
    def is_clear(self) -> bool:
        """Whether it is better beyond noise.

        >>> Difference(gain=0.002, error=0.001).is_clear, Difference(gain=0.0005, error=0.001).is_clear
        (True, False)
        """
        return self.gain > max(self.error, 0.0)


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be trained."""

    shares: dict[str, float]
    """Model → its share; one alone is a single model."""
    ensemble: Difference | None = None
    """The ensemble against the best single model, on rows that did not choose its members; None: none was made."""
    because: str
    """One sentence for people."""


class Judge:
    """Compares scores of the same eval rows by one objective."""

    def __init__(self, labels: Array, objective: Objective, *, classes: Sequence[Any], seed: int = 0) -> None:
        """`labels` [n] class numbers or values; `classes` are empty where a number is predicted."""
        self._objective, self._classes, self._seed = objective, tuple(classes), seed
        self._sign = 1.0 if objective.goal == "MAXIMIZE" else -1.0
        random = np.random.default_rng([seed, 2])
        chosen = None if len(labels) <= MOST_ROWS else np.sort(random.choice(len(labels), MOST_ROWS, replace=False))
        self._chosen = chosen
        self._scale = 1.0 if chosen is None else float(np.sqrt(MOST_ROWS / len(labels)))
        self.labels = labels
        self._kept: dict[bytes, Resampled] = {}

    def errors(self, scores: Mapping[str, Array]) -> dict[str, float | None]:
        """Model → the standard error of its objective; None where it is not defined."""
        return {name: _spread(self._drawn(self._resampled(each)), self._scale) for name, each in scores.items()}

    def difference(self, first: Array, second: Array) -> Difference:
        """How much better `first` is than `second`."""
        one, other = self._resampled(first), self._resampled(second)
        error = _spread(self._drawn(one) - self._drawn(other), self._scale)
        gain = self._sign * (self._at(one) - self._at(other))
        return Difference(gain=gain if np.isfinite(gain) else 0.0, error=error or 0.0)

    def choose(
        self,
        scores: Mapping[str, Array],
        *,
        max_members: int,
        groups: Mapping[str, str] | None = None,
        costs: Mapping[str, float] | None = None,
    ) -> Choice:
        """`scores` of the models, the best first. The shares of an ensemble, where it is better beyond noise.

        Where it is not, the best, or one that is as good and costs half as much to serve (`costs` by model); and the
        next of another of the `groups`, in equal shares, where it cannot be told which of both is better and their
        mean is better beyond noise.
        """
        names = list(scores)[:MOST_CONSIDERED]
        best = names[0]
        if len(names) == 1 or max_members == 1:
            why = "the only model that was trained" if len(names) == 1 else "the best of those that were tried"
            return Choice(shares={best: 1.0}, because=why)
        considered = {name: np.asarray(scores[name], np.float64) for name in names}
        gain = self.difference(self._cross_fitted(considered, max_members), considered[best])
        if not gain.is_clear:
            other = self._as_good(considered, groups or {})
            if other is not None:
                told = "which of both is better cannot be told, so it is their mean; a chosen ensemble is not better"
                return Choice(shares={best: 0.5, other: 0.5}, ensemble=gain, because=f"{told} beyond noise")
            told = "an ensemble of several configurations is not better beyond noise"
            if (cheap := self._cheaper(considered, costs or {})) is not None:
                best, told = cheap, f"as good as the best and cheaper to serve; {told}"
            return Choice(shares={best: 1.0}, ensemble=gain, because=told)
        shares = select_members(considered, row_losses, self.labels, max_members=max_members, seed=self._seed)
        return Choice(
            shares=shares, ensemble=gain, because="together they are better than the best alone, beyond noise"
        )

    def _as_good(self, scores: Mapping[str, Floats], groups: Mapping[str, str]) -> str | None:
        """The best of another group, if it is as good as the best of all as far as can be told."""
        best, *others = scores
        other = next((name for name in others if groups.get(name, name) != groups.get(best, best)), None)
        if other is None or self.difference(scores[best], scores[other]).is_clear:
            return None
        together = mix({name: scores[name] for name in (best, other)}, {best: 0.5, other: 0.5})
        gain = self.difference(together, scores[best])
        least = WORTH_A_MEMBER * (self.errors({best: scores[best]})[best] or 0.0)
        return other if gain.is_clear and gain.gain > least else None

    def _cheaper(self, scores: Mapping[str, Floats], costs: Mapping[str, float]) -> str | None:
        """The cheapest that is as good as the best, if it costs much less."""
        best, *others = scores
        if best not in costs:
            return None
        found = best
        for name in (each for each in others if each in costs and costs[each] <= CHEAPER * costs[best]):
            behind = self.difference(scores[best], scores[name])
            if behind.gain <= AS_GOOD * behind.error and (found == best or costs[name] < costs[found]):
                found = name
        return None if found == best else found

    def _cross_fitted(self, scores: Mapping[str, Floats], max_members: int) -> Floats:
        """[n] or [n, c] the ensemble's answers, each row by members that the other folds chose."""
        folds = np.random.default_rng([self._seed, 3]).integers(0, NUM_FOLDS, len(self.labels))
        mixed = np.empty_like(next(iter(scores.values())))
        for fold in range(NUM_FOLDS):
            rest, own = folds != fold, folds == fold
            if not rest.any():
                continue
            shares = select_members({name: each[rest] for name, each in scores.items()}, row_losses,
                                    self.labels[rest], max_members=max_members, seed=self._seed)  # fmt: skip
            mixed[own] = mix({name: each[own] for name, each in scores.items()}, shares)
        return mixed

    def _resampled(self, scores: Array) -> Resampled:
        """The metrics of a model on the resamples, which are the same for all; each model's are drawn once."""
        digest = hashlib.sha256(np.ascontiguousarray(scores).tobytes()).digest()
        if digest not in self._kept:
            num_rows = len(self.labels if self._chosen is None else self._chosen)
            (found,) = resample([self._measure(scores)], num_rows, num_resamples=NUM_RESAMPLES, seed=self._seed)
            self._kept[digest] = found
        return self._kept[digest]

    def _drawn(self, resampled: Resampled) -> Floats:
        return resampled.values.get(self._objective.metric, np.full(NUM_RESAMPLES, np.nan))

    def _at(self, resampled: Resampled) -> float:
        return resampled.at.get(self._objective.metric, np.nan)

    def _measure(self, scores: Array) -> WeightedMetrics:
        return weighted_metrics(self._checked(scores), 0.5, self._chosen)

    def _checked(self, scores: Array) -> CheckedInput:
        task: Literal["classification", "regression"] = "classification" if self._classes else "regression"
        return check_input(self.labels, scores, task=task, classes=self._classes or None, threshold=0.5, slices={})


def mix(scores: Mapping[str, Floats], shares: Mapping[str, float]) -> Floats:
    """The weighted mean, as an ensemble answers it.

    >>> mix({"a": np.array([0.0]), "b": np.array([1.0])}, {"a": 0.25, "b": 0.75}).tolist()
    [0.75]
    """
    found: Floats = sum((share * scores[name] for name, share in shares.items()), np.zeros(1))
    return found


def _spread(values: Floats, scale: float) -> float | None:
    defined = values[np.isfinite(values)]
    return float(np.std(defined, ddof=1)) * scale if len(defined) > 1 else None
