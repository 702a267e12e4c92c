"""`WindowSlices`: the slices of a window's logged rows, held against what drifted in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from hagane.monitoring.alert import Alert
from hagane.monitoring.coded_column import CodedColumn, coded_columns
from hagane.monitoring.column_codes import ColumnCodes
from hagane.monitoring.explaining_slice import Counts, SliceCounts, explaining_slice
from hagane.monitoring.finding import Finding
from hagane.monitoring.reference import Reference
from hagane.monitoring.says_the_same import says_the_same
from hagane.monitoring.slice_effect import SliceEffect
from hagane.monitoring.window_findings import WindowFindings
from hagane.monitoring.window_summary import WindowSummary
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.log_lock import log_lock
from hagane.serving.request_log.logged_models import logged_models
from hagane.workflow.coded_rows import Codes, coded_rows
from hagane.workflow.log_window import LogWindow

MOST_COLUMNS = 50
Judged: TypeAlias = Sequence[tuple[Reference, WindowFindings]]


class WindowSlices:
    """The rows of one window, of its reference, and of earlier windows."""

    def __init__(self, folder: LogFolder, earlier: Judged, reference: Reference, window: WindowFindings) -> None:
        self.folder, self.earlier, self.reference, self.window = folder, earlier, reference, window
        summary = window.summary
        self.model = _logged_model(folder, summary)
        hashed = summary.hashed if reference.baseline == "training" else ()
        self.inputs = coded_columns(reference.inputs, summary.inputs, leave_out=hashed)[:MOST_COLUMNS]
        before = reference.before
        base = reference.predictions or (before.predictions if before else None)
        self.answers = coded_columns(base, summary.predictions) if base is not None else []
        self._coded: dict[int, tuple[list[Codes], list[Codes]] | None] = {}

    def explain(self, alert: Alert) -> SliceEffect | None:
        """The slice that explains most of a drifted input or answer."""
        columns = self.inputs if alert.of == "input" else self.answers
        place = next((place for place, each in enumerate(columns) if each.codes.name == alert.name), None)
        coded = self._codes(self.window.summary) if place is not None else None
        if place is None or coded is None or columns[place].reference is None:
            return None
        side = 0 if alert.of == "input" else 1
        before = self._before(alert)
        control = self._codes(before) if before is not None else None
        drifted = columns[place]
        slices = self._slices(drifted, side, place, coded, control)
        assert drifted.reference is not None
        whole = _crossed(coded[side][place], None, drifted.codes)[: drifted.codes.num_values, 0]
        base = None if control is None else _crossed(control[side][place], None, drifted.codes)[: len(whole), 0]
        return explaining_slice(drifted.distance(alert.measure), drifted.reference, whole, slices, control=base)

    def _slices(
        self, drifted: CodedColumn, side: int, place: int, coded: tuple[list[Codes], list[Codes]],
        control: tuple[list[Codes], list[Codes]] | None,
    ) -> Iterator[SliceCounts]:  # fmt: skip
        """Of every other input, but for those that tell nearly all of the drifted column."""
        values = drifted.codes.num_values
        for number, column in enumerate(self.inputs):
            if side == 0 and number == place:
                continue
            crossed, earlier = (
                None if each is None else _crossed(each[side][place], each[0][number], drifted.codes, column.codes)
                for each in (coded, control)
            )
            assert crossed is not None
            if says_the_same(crossed[:values], None if earlier is None else earlier[:values]):
                continue
            for text, codes in column.codes.slices():
                before = None if earlier is None else earlier[:values, codes].sum(axis=1)
                yield SliceCounts(slice=text, window=crossed[:values, codes].sum(axis=1), control=before,
                                  share_before=column.share(codes))  # fmt: skip

    def _before(self, alert: Alert) -> WindowSummary | None:
        """The window whose rows tell how slices lay in the reference: the reference itself where it is a window."""
        is_window = self.reference.baseline == "previous" or (
            alert.of == "prediction" and self.reference.predictions is None
        )
        if is_window:
            return self.reference.before
        for _, window in reversed(self.earlier):
            if window.summary.window.start < alert.since and any(_is_calm(each, alert) for each in window.findings):
                return window.summary
        return None

    def _codes(self, summary: WindowSummary) -> tuple[list[Codes], list[Codes]] | None:
        start = summary.window.start
        if start not in self._coded:
            inputs, answers = [each.codes for each in self.inputs], [each.codes for each in self.answers]
            self._coded[start] = coded_rows(self.folder, self.model, summary, inputs, answers) if self.model else None
        return self._coded[start]


def _is_calm(finding: Finding, alert: Alert) -> bool:
    return finding.place == alert.place and finding.is_judged and not finding.is_anomaly


def _crossed(drifted: Codes, other: Codes | None, codes: ColumnCodes, others: ColumnCodes | None = None) -> Counts:
    """[codes, codes of the other column, or 1]: how many rows have both."""
    width = 1 if others is None else others.num_values + 2
    place = drifted * width + (0 if other is None else other)
    counts = np.bincount(place, minlength=(codes.num_values + 2) * width).astype(np.float64)
    return counts.reshape(-1, width)


def _logged_model(folder: LogFolder, summary: WindowSummary) -> LoggedModel | None:
    if not folder.path.is_dir():
        return None
    span = LogWindow(summary.window.start, summary.window.end)
    with log_lock(folder):
        models = logged_models(folder, since=span.first_hour, until=span.end_hour)
    return models.get(summary.deployed_model_id)
