"""`AutoMlSearch`: which candidates are tried, in which order, and for how long.

First the portfolio's best, since something must stand early. Then, on it, further features: whichever are better beyond
noise are kept for all that comes behind. Then the rest of the portfolio, each only where it is foreseen to be done in
time, and the best with other seeds while time is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from hagane.features.derived_candidates import derived_candidates
from hagane.spec.spec import Spec
from hagane.tuning.automl_options import AutoMlOptions
from hagane.tuning.configuration import Configuration
from hagane.tuning.portfolio import portfolio
from hagane.tuning.time_plan import SAFETY
from hagane.tuning.trial import TrialState
from hagane.workflow.affordable_training import training_seconds
from hagane.workflow.automl_candidate import AutoMlCandidate, TriedModel
from hagane.workflow.automl_choice import Difference, Judge
from hagane.workflow.automl_trials import AutoMlTrials
from hagane.workflow.automl_tuning import tune_candidate
from hagane.workflow.prepare import Prepared
from hagane.workflow.resolve import not_features

KEPT_RATIOS = 6
"""Of all ratios those that the trees used most."""
FITS = 16
"""About so many models are tried where there is time for them."""
PROBE_SHARE = 0.3
"""Of the search: the first model is given so much; if it is not done then, models are compared on fewer rows."""
USUAL_ROUNDS = 400
"""That many iterations a model is thought to need that was ended before."""
LEAST_SHARE = 0.02
FITS_TO_TUNE = 4
"""Options are searched where the time suffices for so many fits."""
FITS_FOR_FEATURES = 6
"""Further features are tried where the time suffices for so many fits."""
MOST_SEEDS = 3
TREES = "boosted_tree"
MEASURED_SHARE = 0.02
"""What a candidate would take to serve is measured while that costs so little of the budget each time."""
MEASURING_SECONDS = 1.0
DECIDING_SHARE = 0.05
"""Of the budget: what it takes to compare the models and to decide."""
MakeJudge = Callable[[], Judge]


class AutoMlSearch:
    """One search over `trials`, until `search_end` (`time.monotonic`).

    It goes on behind that while the training of the result, so many folds of each member, is foreseen to be done by
    `training_end`.
    """

    def __init__(
        self,
        base: Spec,
        prepared: Prepared,
        options: AutoMlOptions,
        trials: AutoMlTrials,
        *,
        folder: Path,
        search_end: float,
        training_end: float,
        max_folds: int,
        make_judge: MakeJudge,
    ) -> None:
        self.decisions: list[str] = []
        """What was decided on the way, a sentence each."""
        self._base, self._prepared, self._options, self._trials = base, prepared, options, trials
        self._folder, self._search_end, self._make_judge = folder, search_end, make_judge
        self._training_end, self._max_folds = training_end, max_folds
        self._derived: dict[str, str] = {}
        self._not_kept: set[str] = set()
        self._is_number = not prepared.label.num_classes
        self.num_skipped = 0

    def eligible(self) -> list[TriedModel]:
        """The models that the result may be made of, the best first.

        Not those whose further features, or whose tuned options, were not better beyond noise.
        """
        kept = [tried for tried in self._trials.succeeded if set(tried.candidate.derived) <= set(self._derived)]
        return [tried for tried in kept if tried.candidate.key not in self._not_kept]

    def run(self) -> None:
        """Try candidates until the time is over, or nothing is left to try."""
        first, *others = portfolio(self._options.families)
        tried = self._first(self._candidate(first))
        if tried.state is TrialState.SUCCEEDED and first.kind == TREES and self._may_derive(tried):
            self._derive(tried)
        for configuration in others:
            self._try(self._candidate(configuration))
        for candidate in self._other_seeds():
            self._try(candidate)
        if not self.num_skipped:
            self._tune()
        if self.num_skipped:
            self.decisions.append(f"{self.num_skipped} more were not tried: they would not have been done in time")

    def _first(self, candidate: AutoMlCandidate) -> TriedModel:
        """Try the first one, and find out how many rows the time suffices for."""
        trials = self._trials
        if trials.is_settled:
            return trials.run(candidate, self._search_end, measure_serving=self._measures_serving)
        began = time.monotonic()
        left = self._search_end - began
        tried = trials.attempt(candidate, began + PROBE_SHARE * left, measure_serving=self._measures_serving)
        rows = trials.rows
        if tried.state is TrialState.STOPPED:
            share = max(LEAST_SHARE, min(0.5, left / FITS / tried.seconds_of(USUAL_ROUNDS)))
            trials.settle_rows(replace(rows, share=share))
            percent = f"{100 * share:.2g} %"
            self.decisions.append(f"models are compared by what they learn from {percent} of the rows: a fit to all of "
                                  "them takes too long for several")  # fmt: skip
        elif rows.used == (1,) and FITS * 2 * tried.seconds < left:
            trials.settle_rows(rows.with_folds(int(left / FITS / tried.seconds)))
            used = len(trials.rows.used)
            self.decisions.append(f"models are compared on {used} of {rows.num_folds} folds, each held out once")
        else:
            trials.settle_rows(rows)
            return trials.record(tried)
        first = trials.run(candidate, self._search_end, measure_serving=self._measures_serving)
        if trials.rows.share < 1 and tried.iteration_seconds and first.iteration_seconds:
            trials.settle_rows(
                replace(trials.rows, slowdown=max(1.0, tried.iteration_seconds / first.iteration_seconds))
            )
        return first

    def _try(self, candidate: AutoMlCandidate) -> TriedModel:
        if time.monotonic() + self._foreseen(candidate) > self._end():
            self.num_skipped += 1
            return TriedModel(number=0, candidate=candidate, state=TrialState.REQUESTED, seconds=0.0)
        return self._trials.run(candidate, self._end(), measure_serving=self._measures_serving)

    def _end(self) -> float:
        """Until when there is time to search, by what the best models so far would take to be trained on all rows."""
        members = self.eligible()[: self._options.max_members if self._options.ensemble else 1]
        if not members:
            return self._search_end
        each = sum(training_seconds(tried, self._trials.rows) for tried in members)
        left_over = DECIDING_SHARE * self._options.seconds + SAFETY * max(1, self._max_folds) * each
        return max(self._search_end, self._training_end - left_over)

    @property
    def _measures_serving(self) -> bool:
        return MEASURED_SHARE * self._options.seconds >= MEASURING_SECONDS

    def _foreseen(self, candidate: AutoMlCandidate) -> float:
        """Seconds, by what those before took for what they cost."""
        known = [tried.seconds / tried.candidate.cost for tried in self._trials.tried if tried.seconds > 0]
        return float(np.median(known)) * candidate.cost if known else 0.0

    def _candidate(self, configuration: Configuration) -> AutoMlCandidate:
        is_tree = configuration.kind in (TREES, "random_forest")
        transform = None
        if self._derived and is_tree:
            transform = {**self._tree_features(), **self._derived}
        return AutoMlCandidate(
            name=configuration.name,
            model_type=configuration.model_type(is_number=self._is_number),
            options=configuration.options,
            transform=transform,
            derived=tuple(self._derived) if transform else (),
            seed=configuration.seed,
            cost=configuration.cost,
        )

    def _tune(self) -> None:
        """Search the options of the best; what is found is kept where it is better beyond noise."""
        best = [tried for tried in self.eligible() if tried.candidate.seed is None]
        if not best or time.monotonic() + FITS_TO_TUNE * best[0].seconds > self._end():
            return
        tuned = tune_candidate(best[0].candidate, self._trials, self._folder, deadline=self._end(),
                               num_trials=self._options.num_trials, seed=self._base.training.seed)  # fmt: skip
        if not tuned:
            return
        (first, *_) = (tried for tried in self._trials.succeeded if tried in tuned)
        gain = self._difference(first, best[0])
        self.decisions.append(_told(f"options of {best[0].candidate.name}", [f"{len(tuned)} others"], gain,
                                    self._trials.objective.metric))  # fmt: skip
        if not gain.is_clear:
            self._not_kept |= {tried.candidate.key for tried in tuned}

    def _may_derive(self, tried: TriedModel) -> bool:
        if not self._options.derived_features or self._base.transform is not None:
            return False
        return time.monotonic() + FITS_FOR_FEATURES * tried.seconds < self._search_end

    def _derive(self, plain: TriedModel) -> None:
        """Keep the further features that are better beyond noise; of ratios those that are used most."""
        unused = (*self._base.labels, *not_features(self._base))
        found = derived_candidates(self._prepared.table.schema, self._prepared.statistics, unused)
        best = plain
        for kind, expressions in found.items():
            kept, tried = expressions, self._with(best, expressions, kind)
            if kind == "ratios" and tried.state is TrialState.SUCCEEDED and len(expressions) > KEPT_RATIOS:
                kept = _most_used(expressions, tried.importance)
                tried = self._with(best, kept, f"the {len(kept)} ratios used most")
            if tried.state is not TrialState.SUCCEEDED:
                continue
            gain = self._difference(tried, best)
            self.decisions.append(_told(kind, list(kept), gain, self._trials.objective.metric))
            if gain.is_clear:
                self._derived |= kept
                best = tried

    def _with(self, best: TriedModel, expressions: Mapping[str, str], name: str) -> TriedModel:
        derived = {**self._derived, **expressions}
        candidate = AutoMlCandidate(
            name=f"{best.candidate.name.partition(' + ')[0]} + {name}",
            model_type=best.candidate.model_type,
            options=best.candidate.options,
            transform={**self._tree_features(), **derived},
            derived=tuple(derived),
            cost=best.candidate.cost * (1 + 0.5 * len(derived) / max(1, len(self._tree_features()))),
        )
        return self._try(candidate)

    def _tree_features(self) -> dict[str, str]:
        return dict(self._trials.tried[0].transform)

    def _difference(self, first: TriedModel, second: TriedModel) -> Difference:
        return self._make_judge().difference(self._trials.scores(first), self._trials.scores(second))

    def _other_seeds(self) -> Iterator[AutoMlCandidate]:
        """The best with the seeds that come behind its own: what chance alone changes."""
        for number in range(1, MOST_SEEDS):
            best = [tried for tried in self._trials.succeeded if tried.candidate.seed is None]
            if not best or best[0].candidate.model_type in ("linear_reg", "logistic_reg"):
                return
            candidate = best[0].candidate
            yield replace(candidate, name=f"{candidate.name}, seed {number}", seed=number)


def _most_used(expressions: Mapping[str, str], importance: Mapping[str, float]) -> dict[str, str]:
    ranked = sorted(expressions, key=lambda name: -importance.get(name, 0.0))[:KEPT_RATIOS]
    return {name: expressions[name] for name in expressions if name in ranked}


def _told(kind: str, names: Sequence[str], gain: Difference, metric: str) -> str:
    verdict = "kept" if gain.is_clear else "not kept, since that may be noise"
    figure = f"{metric} better by {gain.gain:.4g} ± {gain.error:.2g}"
    return f"{kind} ({', '.join(names)}): {figure}; {verdict}"
