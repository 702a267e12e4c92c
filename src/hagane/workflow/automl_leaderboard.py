"""`automl_leaderboard`: what was tried, the best first, with what is known of each."""

from __future__ import annotations

from collections.abc import Mapping

from hagane.tuning.leaderboard import LeaderboardRow
from hagane.workflow.automl_candidate import TriedModel
from hagane.workflow.automl_choice import Judge
from hagane.workflow.automl_spec import written
from hagane.workflow.automl_trials import AutoMlTrials


def automl_leaderboard(trials: AutoMlTrials, judge: Judge, shares: Mapping[str, float]) -> tuple[LeaderboardRow, ...]:
    """A row for each model; `shares` are those in the result, by the candidates' keys."""
    ranked = trials.succeeded
    scores = {tried.candidate.key: trials.scores(tried) for tried in ranked}
    errors = judge.errors(scores)
    best = scores[ranked[0].candidate.key]

    def row(tried: TriedModel) -> LeaderboardRow:
        candidate, value = tried.candidate, trials.value(tried)
        behind = None if value is None else judge.difference(best, scores[candidate.key])
        return LeaderboardRow(
            number=tried.number,
            name=candidate.name,
            model_type=candidate.model_type,
            options=written(candidate),
            derived=candidate.derived,
            state=tried.state,
            value=value,
            error=None if value is None else errors[candidate.key],
            behind=behind.gain if behind else None,
            behind_error=behind.error if behind else None,
            share=shares.get(candidate.key, 0.0),
            seconds=tried.seconds,
            best_iteration=tried.best_iteration,
            graph_bytes=tried.graph_bytes,
            row_milliseconds=tried.row_milliseconds,
            reason=tried.reason,
        )

    others = [tried for tried in trials.tried if trials.value(tried) is None]
    return tuple(row(tried) for tried in (*ranked, *others))
