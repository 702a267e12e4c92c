"""`AutoMlCandidate`: one model that an AutoML run may try, as a spec; `TriedModel`: what became of it."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from msgspec.structs import replace

from hagane.spec.spec import Model, Spec
from hagane.tuning.trial import TrialState


class AutoMlCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """A family with its options, and the features that it is given."""

    name: str
    model_type: str
    options: dict[str, Any] = {}
    transform: dict[str, str] | None = None
    """None: those of automatic preprocessing, or the spec's."""
    derived: tuple[str, ...] = ()
    """Which of `transform` were derived."""
    seed: int | None = None
    cost: float = 1.0
    """Relative to the portfolio's first."""

    @property
    def key(self) -> str:
        """The same for the same model, whatever it is called."""
        parts = (self.model_type, self.options, self.transform, self.seed)
        return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()[:16]

    def spec(self, base: Spec) -> Spec:
        """What `hagane train` would be given to train it by itself."""
        training = base.training if self.seed is None else replace(base.training, seed=self.seed)
        transform = base.transform if self.transform is None else self.transform
        model = Model(type=self.model_type, options=self.options)
        return replace(base, model=model, training=training, transform=transform)


class TriedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate that was tried."""

    number: int
    """From 1."""
    candidate: AutoMlCandidate
    state: TrialState
    metrics: dict[str, float | None] = {}
    """Of the eval rows."""
    seconds: float
    """Features, fits and measurement; columns that were encoded before are not encoded again."""
    num_fits: int = 1
    best_iteration: int | None = None
    """Of several fits the one in the middle; of one that was ended the last."""
    num_iterations: int | None = None
    """Those of the longest fit, with those in which it waited for progress."""
    iteration_seconds: float | None = None
    """Of each, as the fit went on; None where it told too little of itself."""
    transform: dict[str, str] = {}
    """The features that it was given, in full."""
    importance: dict[str, float] = {}
    """Of each feature."""
    graph_bytes: int | None = None
    """The graph that would serve it; None: not measured."""
    row_milliseconds: float | None = None
    """What one row takes there."""
    reason: str = ""
    """Why it failed, or was ended."""

    @property
    def fit_seconds(self) -> float:
        """Of one fit."""
        return self.seconds / self.num_fits

    def seconds_of(self, num_iterations: int) -> float:
        """What a fit of so many iterations would take.

        >>> plain = TriedModel(number=1, candidate=AutoMlCandidate(name="", model_type=""), state=TrialState.STOPPED,
        ...                    seconds=12.0, best_iteration=20, num_iterations=20, iteration_seconds=0.1)
        >>> plain.seconds_of(400)
        50.0
        """
        done = self.num_iterations or self.best_iteration or 1
        each = self.fit_seconds / done if self.iteration_seconds is None else self.iteration_seconds
        return max(0.0, self.fit_seconds - done * each) + num_iterations * each
