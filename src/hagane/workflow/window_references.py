"""`WindowReferences`: what each window of an endpoint is held against."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hagane.bundle.manifest import read_verified
from hagane.errors import BundleError, Fault, NotFoundError
from hagane.monitoring.baseline import STATISTICS_NAME
from hagane.monitoring.derived_thresholds import LEAST_WINDOWS, derived_thresholds
from hagane.monitoring.judge_window import judge_window
from hagane.monitoring.quality.evaluated import Evaluated
from hagane.monitoring.reference import Baseline, Reference
from hagane.monitoring.training_reference import REFERENCE_NAME, TrainingReference
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Windows
from hagane.spec.monitoring import Monitoring
from hagane.statistics.statistics import Statistics
from hagane.workflow.evaluated_quality import evaluated_quality
from hagane.workflow.row_error_share import row_error_share
from hagane.workflow.window_volumes import WindowVolumes
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace

MOST_WINDOWS = 400
"""Thresholds are derived from no more."""


class WindowReferences:
    """What is read of a bundle is read once; `notes` say what could not be had."""

    def __init__(
        self,
        workspace: Workspace,
        baseline: Baseline,
        monitoring: Monitoring,
        summaries: WindowSummaries,
        *,
        volumes: WindowVolumes,
    ) -> None:
        self.notes: list[str] = []
        self._workspace, self._baseline, self._monitoring = workspace, baseline, monitoring
        self._summaries = summaries
        self._trained: dict[str, Reference] = {}
        self._evaluated: dict[str, Evaluated | None] = {}
        self._derived: dict[str, dict[str, float]] = {}
        self._volumes = volumes
        self._erred: dict[str, float | None] = {}

    def of(self, summary: WindowSummary, before: WindowSummary | None) -> Reference:
        """For a window with the one before it of the same deployed model. Raises BundleError for damaged documents."""
        reference = msgspec.structs.replace(self._plain(summary, before), volume=self._volumes.of(summary))
        if not self._monitoring.derive_thresholds:
            return reference
        model = summary.deployed_model_id
        if model not in self._derived:
            self._derived[model] = self._derive(model)
        return msgspec.structs.replace(reference, thresholds=self._derived[model])

    def _derive(self, deployed_model_id: str) -> dict[str, float]:
        """The thresholds of a deployed model; none, and a note, while there are too few windows to derive them from."""
        asked = self._monitoring
        since, until = asked.reference.stretch
        most = MOST_WINDOWS if until is not None else asked.reference.num_windows
        series = Windows(asked.every, asked.time_zone).series
        windows = self._summaries.of_model(series, deployed_model_id, since=since, until=until, most=most)
        judged = [
            judge_window(summary, self._plain(summary, before), asked)
            for before, summary in zip([None, *windows[:-1]], windows, strict=True)
        ]
        num_judged = sum(window.is_judged for window in judged)
        if num_judged < LEAST_WINDOWS:
            self.notes.append(
                f"thresholds of {deployed_model_id} are derived from {LEAST_WINDOWS} judged windows or more, and"
                f" monitoring.reference has {num_judged}: each measure's own hold until then"
            )
        return dict(derived_thresholds(judged))

    def _plain(self, summary: WindowSummary, before: WindowSummary | None) -> Reference:
        """Without what is derived of the history."""
        of_training = self._baseline == "training"
        reference = self._training(summary) if of_training else self._as_it_was(before, before)
        return msgspec.structs.replace(reference, before=before, evaluated=self._evaluation(summary),
                                       row_error_share=self._row_error_share(summary))  # fmt: skip

    def _row_error_share(self, summary: WindowSummary) -> float | None:
        name = f"{summary.model}@{summary.version}"
        if name not in self._erred:
            self._erred[name] = row_error_share(name, self._workspace)
        return self._erred[name]

    def _as_it_was(self, earlier: WindowSummary | None, before: WindowSummary | None) -> Reference:
        """What an earlier window was like."""
        reference = Reference(baseline=self._baseline, before=before)
        if earlier is None:
            return reference
        return msgspec.structs.replace(
            reference,
            inputs=earlier.inputs,
            predictions=earlier.predictions,
            features=earlier.features,
            attributions=earlier.attributions,
        )

    def _evaluation(self, summary: WindowSummary) -> Evaluated | None:
        """What the version's own evaluation said, whatever the baseline is."""
        name = f"{summary.model}@{summary.version}"
        if name not in self._evaluated:
            self._evaluated[name] = evaluated_quality(name, self._workspace)
        return self._evaluated[name]

    def _training(self, summary: WindowSummary) -> Reference:
        name = f"{summary.model}@{summary.version}"
        if name not in self._trained:
            self._trained[name] = self._read(name)
        return self._trained[name]

    def _read(self, name: str) -> Reference:
        """The rows that the version was trained on, and how it answered when it was new; a note where it is gone."""
        nothing = Reference(baseline=self._baseline)
        try:
            return self._read_from(self._workspace.get(name).path, name, nothing)
        except (NotFoundError, BundleError) as error:
            self.notes.append(f"{name} cannot be read, so its windows are judged by nothing: {error.faults[0].what}")
            return nothing
        except msgspec.MsgspecError as error:
            raise BundleError(Fault(what=f"the statistics of {name} cannot be read: {error}")) from None

    def _read_from(self, folder: Path, name: str, nothing: Reference) -> Reference:
        manifest, files = read_verified(folder, keep=(STATISTICS_NAME, REFERENCE_NAME))
        if STATISTICS_NAME not in manifest.files:
            self.notes.append(f"{name} holds no statistics of its rows: its windows are judged by nothing")
            return nothing
        inputs = Statistics.from_json(files[STATISTICS_NAME])
        if REFERENCE_NAME not in manifest.files:
            self._tell_missing(name, {"features", "attributions"})
            return msgspec.structs.replace(nothing, inputs=inputs)
        known = TrainingReference.from_json(files[REFERENCE_NAME])
        self._tell_missing(name, {each for each in ("features", "attributions") if getattr(known, each) is None})
        return msgspec.structs.replace(nothing, inputs=inputs, predictions=known.predictions, features=known.features,
                                       attributions=known.attributions)  # fmt: skip

    def _tell_missing(self, name: str, missing: set[str]) -> None:
        asked = [each for each in self._monitoring.watch if each in missing]
        if asked:
            told = " and ".join(asked)
            self.notes.append(
                f"{name} holds nothing of its {told} in training: name them in monitoring.watch of its spec"
                " and train again, or compare windows with --baseline previous"
            )
