"""`select_features`: leave out the features of a spec that help no more than noise does.

Backwards. A model of all features says which of them its eval rows miss when their values are shuffled (one-sided
paired tests over the rows, corrected by Holm's method). Those of which that cannot be said are left out together, and
the rest trained again; where that is worse, the less important half of them, and so on. Then the least important of
those that are left is left out, one at a time: a feature whose twin is there is missed by the shuffle, but not by a new
training.

Each training without features is held against the one with all of them, never against the one before, so that small
losses do not add up. It may lose no more than one standard error of the difference of both over the very same rows
(the rule of one standard error: Breiman et al. 1984, "Classification and regression trees", §3.4.3), and no more than
a thousandth of the loss: of few rows the standard error is large, and many features that help a little each would go
together. When `PATIENCE` features in a row could not be spared, or one is left, it ends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.counted import counted
from hagane.errors import Fault, HaganeError, PreemptedError, SpecError, TrainingInterruptedError
from hagane.features.feature import Feature
from hagane.metrics.holm import holm
from hagane.names_text import names_text
from hagane.progress import SILENT, Phase, Progress
from hagane.spec.spec import Spec
from hagane.workflow.feature_losses import FeatureLosses, row_losses
from hagane.workflow.trial_runner import TrialRun, TrialRunner

Doubles = npt.NDArray[np.float64]
SIGNIFICANT = 0.05
PATIENCE = 3
MOST_LOST = 0.001
"""Of the loss with all features."""


class SelectionStep(msgspec.Struct, frozen=True, kw_only=True):
    """One training without some features."""

    without: tuple[str, ...]
    """What was left out besides what was before."""
    increase: float
    """By how much the mean loss is above that of all features."""
    standard_error: float
    """Of that difference, over the rows."""
    is_kept: bool
    """Whether these features were left out for good."""


class FeatureSelection(msgspec.Struct, frozen=True, kw_only=True):
    """What was left out of a spec, and why."""

    kept: tuple[str, ...]
    dropped: tuple[str, ...]
    """In the order in which they went."""
    loss: str
    """`log_loss`, or `mean_squared_error`, of the eval rows."""
    before: float
    """With all features."""
    after: float
    p_values: dict[str, float]
    """Feature → how likely so large a loss of shuffling it is where it does not help, corrected; of the first model."""
    steps: tuple[SelectionStep, ...]
    spec: Spec
    """With the features that are left."""

    def describe(self) -> str:
        """One sentence without a full stop."""
        if not self.dropped:
            return f"every one of the {counted(len(self.kept), 'feature')} helps: none was left out"
        return (
            f"{counted(len(self.dropped), 'feature')} left out ({names_text(self.dropped)}), {len(self.kept)} kept: "
            f"the {self.loss.replace('_', ' ')} of the eval rows goes from {self.before:.4g} to {self.after:.4g}"
        )


def select_features(spec: Spec, runner: TrialRunner, progress: Progress = SILENT) -> FeatureSelection:
    """Of a settled spec, trained by `runner`. Raises SpecError for several labels, HaganeError where training fails."""
    with progress.phase("select features", total=None, unit="trainings") as phase:
        return _Selector(spec, runner, phase).select()


class _Selector:
    """The trainings of one selection."""

    def __init__(self, spec: Spec, runner: TrialRunner, phase: Phase) -> None:
        self._runner, self._phase = runner, phase
        self._run = self._train(spec)
        resolved = self._run.prepared.resolved.spec
        if self._run.found.labels.ndim > 1:
            raise SpecError(Fault(what="features are selected by one loss, and there are several labels",
                                  where="tuning.select", next_step="select them for each label alone"))  # fmt: skip
        self._is_classes = self._run.prepared.label.task == "classification"
        self._spec, self._transform = spec, dict(spec.transform or resolved.transform or {})
        self._seed = resolved.training.seed
        self._all = self._losses(self._run)
        self._kept = list(self._transform)
        self._after = float(self._all.mean())
        self._steps: list[SelectionStep] = []
        self._dropped: list[str] = []

    def select(self) -> FeatureSelection:
        """Both passes."""
        p_values = self._p_values()
        idle = [name for name in self._by_importance() if p_values[name] >= SIGNIFICANT]
        while idle and not self._drop(idle[: len(self._kept) - 1]):
            idle = idle[: len(idle) // 2]
        self._drop_one_by_one()
        return FeatureSelection(
            kept=tuple(self._kept),
            dropped=tuple(self._dropped),
            loss="log_loss" if self._is_classes else "mean_squared_error",
            before=float(self._all.mean()),
            after=self._after,
            p_values=p_values,
            steps=tuple(self._steps),
            spec=self._without(()),
        )

    def _drop_one_by_one(self) -> None:
        refused: set[str] = set()
        refusals = 0
        while len(self._kept) > 1 and refusals < PATIENCE:
            waiting = [name for name in self._by_importance() if name not in refused]
            if not waiting:
                return
            if self._drop(waiting[:1]):
                refusals = 0
            else:
                refused.add(waiting[0])
                refusals += 1

    def _drop(self, names: Sequence[str]) -> bool:
        """Whether the model without `names` is as good as that of all features; then they are gone."""
        if not names:
            return False
        try:
            run = self._train(self._without(names))
        except (PreemptedError, TrainingInterruptedError):
            raise
        except HaganeError:  # what is left cannot be trained on: they are needed
            return False
        losses = self._losses(run)
        difference = losses - self._all
        error = float(difference.std(ddof=1)) / math.sqrt(len(difference))
        increase, most = float(difference.mean()), MOST_LOST * float(self._all.mean())
        step = SelectionStep(without=tuple(names), increase=increase, standard_error=error,
                             is_kept=increase <= min(error, most))  # fmt: skip
        self._steps.append(step)
        if step.is_kept:
            self._run, self._after = run, float(losses.mean())
            self._kept = [name for name in self._kept if name not in names]
            self._dropped += names
        return step.is_kept

    def _train(self, spec: Spec) -> TrialRun:
        run = self._runner.run(spec, SILENT)
        self._phase.advance(1)
        return run

    def _losses(self, run: TrialRun) -> Doubles:
        scores = np.asarray(run.found.scores, np.float64)
        return row_losses(run.found.labels, scores, is_classes=self._is_classes)

    def _without(self, names: Sequence[str]) -> Spec:
        left = {name: self._transform[name] for name in self._kept if name not in names}
        return msgspec.structs.replace(self._spec, transform=left)

    def _increases(self) -> dict[str, Doubles]:
        run = self._run
        assert run.encoded.eval is not None
        losses = FeatureLosses(run.model, run.encoded.eval, is_classes=self._is_classes, seed=self._seed)
        return losses.increases(features_of(self._kept, run.encoded.eval.features))

    def _by_importance(self) -> list[str]:
        """Features of the model as it is now, the least important first."""
        means = {name: float(increase.mean()) for name, increase in self._increases().items()}
        return sorted(means, key=lambda name: means[name])

    def _p_values(self) -> dict[str, float]:
        increases = self._increases()
        return dict(zip(increases, holm([_one_sided(each) for each in increases.values()]), strict=True))


def features_of(names: Sequence[str], features: Sequence[Feature]) -> dict[str, list[str]]:
    """The features that the model sees of each of the spec's `names`: a cross, or a vector, is several.

    >>> from hagane.features.feature import FeatureKind
    >>> made = [Feature(name=name, kind=FeatureKind.DENSE, columns=()) for name in ("a", "ab_0", "ab_1")]
    >>> features_of(["a", "ab"], made)
    {'a': ['a'], 'ab': ['ab_0', 'ab_1']}
    """
    found: dict[str, list[str]] = {name: [] for name in names}
    for feature in features:
        owners = [name for name in names if feature.name == name or feature.name.startswith(f"{name}_")]
        if owners:
            found[max(owners, key=len)].append(feature.name)
    return found


def _one_sided(increase: Doubles) -> float:
    """How likely so large a mean is where it is 0 or less, by the normal distribution."""
    spread = float(increase.std(ddof=1)) / math.sqrt(len(increase)) if len(increase) > 1 else math.inf
    if not spread:
        return float(increase.mean() <= 0)
    return 0.5 * math.erfc(float(increase.mean()) / spread / math.sqrt(2.0))
