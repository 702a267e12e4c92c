"""`cut_rows`: the rows of each deployed model, cut into windows of so many, and summed up."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

import msgspec

from hagane.data.engine import Engine, quote_text
from hagane.errors import DataError
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window, Windows
from hagane.progress import SILENT, Progress
from hagane.serving.request_log.log_folder import HOUR_MICROSECONDS, LogFolder
from hagane.serving.request_log.log_lock import log_lock
from hagane.workflow.hours_to_sum_up import logged_rows
from hagane.workflow.log_window import LogWindow
from hagane.workflow.request_log import log_sql
from hagane.workflow.summarised import Summarised
from hagane.workspace.row_cuts import RowCut, RowCuts, RowPlace

SETTLED_MICROSECONDS = 30_000_000
"""Rows that are younger may have neighbours that are not written yet (`LogOptions.flush_seconds`)."""

SumUp = Callable[[Window, str], Sequence[WindowSummary]]
"""The summaries of the rows of a stretch of time that meet a condition of DuckDB's."""


def cut_rows(
    folder: LogFolder,
    cuts: RowCuts,
    windows: Windows,
    sum_up: SumUp,
    *,
    now: int,
    labelled: Collection[int] = (),
    progress: Progress = SILENT,
) -> Summarised:
    """Cut every full window of rows that are settled by `now` (µs), and sum up again those into which late rows came.

    So are those that have a part in an hour in which rows were answered whose labels came since (`labelled`, UTC).

    A window that was cut keeps its ends: a row belongs to the window in whose stretch it lies, however late it is
    written, so every row is in exactly one, and a window may have more rows than were asked for. Where a file is
    damaged the rows before it are cut all the same, and where its damage lets it those of the models that it does not
    hold; the rest waits, and the notes tell. Raises StorageError.
    """
    num_rows = windows.num_rows
    if num_rows is None or not folder.path.is_dir():
        return Summarised(windows=())
    with log_lock(folder):
        logged = {hour: logged_rows(folder, hour) for hour in folder.hours("requests")}
    seen = cuts.hours()
    grown = {hour for hour, count in logged.items() if count > seen.get(hour, 0)}
    if not grown and not labelled:
        return Summarised(windows=())
    settled = now - SETTLED_MICROSECONDS
    done: list[Window] = []
    held = _Held()
    with progress.phase(f"cut {windows.plural}", unit="windows") as phase:
        engine = Engine()
        for model in _models(engine, folder, grown | set(labelled), held):
            rows = _Rows(engine, folder, model, settled)
            with held:
                for window in itertools.chain(
                    _again(rows, cuts, grown, frozenset(labelled), sum_up=sum_up, held=held),
                    _further(rows, cuts, sorted(logged), num_rows, sum_up),
                ):
                    done.append(window)
                    phase.advance(1)
    if not held.notes:
        cuts.put_hours({hour: logged[hour] for hour in grown if (hour + 1) * HOUR_MICROSECONDS <= settled})
    return Summarised(windows=tuple(sorted(done)), notes=tuple(held.notes))


class _Held:
    """What cannot be read ends its `with` block alone, and is told once."""

    def __init__(self) -> None:
        self.notes: dict[str, None] = {}

    def __enter__(self) -> None:
        """Begin what may have to wait."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, DataError):
            self.notes[f"rows wait to be cut into windows: {error.faults[0].what}"] = None
        return isinstance(error, DataError)


class _Rows(NamedTuple):
    """The settled rows of one deployed model."""

    engine: Engine
    folder: LogFolder
    model: str
    settled: int

    def where(self, after: RowPlace | None, last: RowPlace | None = None) -> str:
        """DuckDB's condition of those after one place, up to another and with it."""
        parts = [f"deployed_model_id = {quote_text(self.model)}", "NOT mirror", f"epoch_us(time) < {self.settled}"]
        parts += [_beyond(after)] if after else []
        parts += [f"NOT {_beyond(last)}"] if last else []
        return " AND ".join(parts)

    def ask(self, select: str, where: str, *, since: int | None, until: int | None) -> list[tuple[int, str, int]]:
        """Of the rows of [since, until), µs: what three columns `a`, `b`, `c` hold."""
        with log_lock(self.folder):
            logged = log_sql(self.folder, LogWindow(since, until), with_truth=False)
            if logged is None:
                return []
            found = self.engine.query(f"SELECT {select} FROM ({logged}) WHERE {where}").to_pylist()
        return [(each["a"], each["b"], each["c"]) for each in found]


def _models(engine: Engine, folder: LogFolder, hours: set[int], held: _Held) -> list[str]:
    """The deployed models that have rows in these hours."""
    with log_lock(folder):
        names: set[str] = set()
        for hour in hours:
            logged = log_sql(folder, _of_hour(hour), with_truth=False)
            with held:
                if logged is None:
                    continue
                found = engine.query(f"SELECT DISTINCT deployed_model_id AS id FROM ({logged})")
                names |= set(found.column("id").to_pylist())
    return sorted(names)


def _again(
    rows: _Rows, cuts: RowCuts, grown: set[int], labelled: frozenset[int], *, sum_up: SumUp, held: _Held
) -> Iterator[Window]:
    """The windows that have more rows than they had, or more labels and all their rows."""
    known = cuts.cuts(rows.model)
    first = min(grown | labelled)
    for before, cut in zip([None, *known], known, strict=False):
        began = before.last.time // HOUR_MICROSECONDS if before else first
        hours = range(began, cut.last.time // HOUR_MICROSECONDS + 1)
        if not any(hour in grown or hour in labelled for hour in hours):
            continue
        with held:
            is_labelled = any(hour in labelled for hour in hours)
            yield from _anew(rows, cuts, before.last if before else None, cut, is_labelled=is_labelled, sum_up=sum_up)


def _anew(
    rows: _Rows, cuts: RowCuts, after: RowPlace | None, cut: RowCut, *, is_labelled: bool, sum_up: SumUp
) -> list[Window]:
    """The window, where there is more to know of it."""
    since, until = (after.time if after else None), cut.last.time + 1
    where = rows.where(after, cut.last)
    ((num_rows, _, _),) = rows.ask("count(*) AS a, '' AS b, 0 AS c", where, since=since, until=until) or [(0, "", 0)]
    if num_rows < cut.num_rows or (num_rows == cut.num_rows and not is_labelled):
        return []
    window, found = Window(cut.start, cut.until), sum_up(Window(since or 0, until), where)
    for summary in found:
        cuts.replace(cut, msgspec.structs.replace(summary, window=window))
    return [window] * len(found)


def _further(rows: _Rows, cuts: RowCuts, hours: Sequence[int], num_rows: int, sum_up: SumUp) -> Iterator[Window]:
    """The windows after the last one that are full by now, each kept before it is given. Raises DataError."""
    known = cuts.cuts(rows.model)
    before = known[-1] if known else None
    for last in _lasts(rows, before.last if before else None, hours, num_rows):
        after = before.last if before else None
        where = rows.where(after, last)
        since, until = after.time if after else None, last.time + 1
        ((start, _, _),) = rows.ask("min(epoch_us(time)) AS a, '' AS b, 0 AS c", where, since=since, until=until)
        found = sum_up(Window(start, until), where)
        window = _stretch(start, last, before)
        cut = RowCut(window.start, window.end, sum(each.num_rows for each in found), last)
        summaries = [msgspec.structs.replace(each, window=window) for each in found]
        if not summaries or not cuts.put(cut, summaries[0], after=after):
            break
        yield window
        before = cut


def _lasts(rows: _Rows, after: RowPlace | None, hours: Sequence[int], num_rows: int) -> Iterator[RowPlace]:
    """The last row of each full window; of one hour's rows at a time. Raises DataError at a damaged one."""
    carried = 0
    for hour in hours:
        if after is not None and hour < after.time // HOUR_MICROSECONDS:
            continue
        since, until = hour * HOUR_MICROSECONDS, (hour + 1) * HOUR_MICROSECONDS
        where = rows.where(after)
        ((count, _, _),) = rows.ask("count(*) AS a, '' AS b, 0 AS c", where, since=since, until=until) or [(0, "", 0)]
        if carried + count >= num_rows:
            order = f"row_number() OVER (ORDER BY time, request_id, row) + {carried}"
            select = "epoch_us(time) AS a, request_id AS b, row AS c"
            full = f"{where} QUALIFY ({order}) % {num_rows} = 0 ORDER BY a, b, c"
            yield from [RowPlace(*each) for each in rows.ask(select, full, since=since, until=until)]
        carried = (carried + count) % num_rows


def _stretch(start: int, last: RowPlace, before: RowCut | None) -> Window:
    """From its first row to its last; of rows of one moment that lie in two windows, the later begins after."""
    begin = max(start, before.until) if before else start
    return Window(begin, max(last.time + 1, begin + 1))


def _beyond(place: RowPlace) -> str:
    time = f"epoch_us(time) > {place.time}"
    request = quote_text(place.request_id)
    same = f"request_id > {request} OR (request_id = {request} AND row > {place.row})"
    return f"({time} OR (epoch_us(time) = {place.time} AND ({same})))"


def _of_hour(hour: int) -> LogWindow:
    return LogWindow(hour * HOUR_MICROSECONDS, (hour + 1) * HOUR_MICROSECONDS)
