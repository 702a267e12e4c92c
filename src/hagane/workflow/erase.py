"""`erase`: the rows of one person go from an endpoint's logs; where else they may be is told."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hagane.bundle.signature import Signature
from hagane.errors import Fault, NotFoundError, SpecError, nearest
from hagane.progress import SILENT, Progress
from hagane.serving.request_log.erase_rows import REQUEST_ID, ErasedFile, Person, erase_rows, find_rows, typed_value
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.log_lock import log_lock
from hagane.serving.request_log.model_file import model_files
from hagane.serving.request_log.pseudonyms import Pseudonyms
from hagane.serving.request_log.writer_presence import longest_flush_seconds
from hagane.workflow.request_log import log_folder
from hagane.workspace.workspace import Workspace

MARGIN_SECONDS = 2.0
"""Beyond the time after which a server's rows are on the disk."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What goes, or would go, and what this cannot reach."""

    endpoint: str
    column: str
    files: tuple[ErasedFile, ...]
    num_rows: int
    """Rows that were predicted."""
    num_feedback_rows: int
    erased: bool
    """False: nothing was changed."""
    notes: tuple[str, ...]
    """Why rows may be there that were not found."""
    elsewhere: tuple[str, ...]
    """What else in the workspace was made of data that have the column: nothing of it is changed."""


def erase(
    endpoint: str,
    column: str,
    value: str,
    *,
    workspace: Workspace,
    dry_run: bool = True,
    wait: bool = True,
    progress: Progress = SILENT,
) -> Erasure:
    """Find the rows whose raw column (or `request_id`) has this value, and unless `dry_run` take them out of the log.

    A hashed column is found by the hash of the value. Feedback for these rows goes with them. Where a server writes to
    the log, this waits until what it holds in memory is on the disk, and looks once more (unless `wait` is false).
    Raises NotFoundError for an endpoint without a log, and for a column that none of its models has; SpecError for a
    value that the column cannot have.
    """
    folder = log_folder(endpoint, workspace)
    models = model_files(folder)
    _check_column(column, models)
    _check_value(column, value, models)
    person, pseudonyms = Person(column, value), Pseudonyms.load(folder.key_path)
    found, still_writing = _pass(folder, person, pseudonyms, dry_run)
    if still_writing is not None and wait and not dry_run:
        _wait(still_writing + MARGIN_SECONDS, progress)
        found += _pass(folder, person, pseudonyms, dry_run)[0]
    return Erasure(
        endpoint=endpoint,
        column=column,
        files=tuple(found),
        num_rows=sum(file.num_rows for file in found if file.kind == "requests"),
        num_feedback_rows=sum(file.num_rows for file in found if file.kind == "feedback"),
        erased=not dry_run,
        notes=tuple(_notes(column, models, None if wait and not dry_run else still_writing)),
        elsewhere=tuple(_elsewhere(column, workspace)),
    )


def _pass(
    folder: LogFolder, person: Person, pseudonyms: Pseudonyms, dry_run: bool
) -> tuple[list[ErasedFile], float | None]:
    """What was found, and after how long what servers hold now is on the disk."""
    with log_lock(folder, alone=not dry_run):
        writing = longest_flush_seconds(folder)
        found, places = find_rows(folder, person, pseudonyms)
        if not dry_run:
            erase_rows(folder, found, places, person, pseudonyms)
    return found, writing


def _wait(seconds: float, progress: Progress) -> None:
    with progress.phase("wait for what servers hold in memory", total=int(seconds) + 1) as phase:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 1.0))
            phase.advance(1)


def _check_column(column: str, models: Sequence[LoggedModel]) -> None:
    known = [REQUEST_ID, *dict.fromkeys(name for model in models for name in model.signature.names)]
    if column not in known:
        what = f"no model of this log reads a column '{column}'"
        expected = ", ".join(known)
        step = "a person who is known by another key: find the requests' ids there, and erase by request_id"
        near = nearest(column, known)
        raise NotFoundError(Fault(what=what, where="--key", expected=expected, nearest=near, next_step=step))


def _check_value(column: str, value: str, models: Sequence[LoggedModel]) -> None:
    """A slip of the pen must not look as if nothing were known of a person."""
    inputs = [each for model in models for each in model.signature.inputs if each.name == column]
    types = dict.fromkeys(each.type.element if each.type.is_array else each.type for each in inputs)
    if types and all(typed_value(value, type_) is None for type_ in types):
        told = " or ".join(type_.value for type_ in types)
        raise SpecError(Fault(what=f"{column} is never {value!r}", where="--key", expected=told))


def _notes(column: str, models: Sequence[LoggedModel], writing: float | None) -> Iterator[str]:
    for model in models:
        reference = f"{model.model}@{model.version}"
        if model.sensitive.get(column) == "leave_out":
            yield f"{column} is left out of the rows of {reference}: none of them can be found by it"
        elif column != REQUEST_ID and column not in model.signature.names:
            yield f"{reference} does not read {column}: none of its rows can be found by it"
    if writing is not None:
        yield f"a server writes to this log: what it saw in the last {writing:g} s is not in files yet"
    yield "feedback for requests that are not in the log is found by request_id alone"


def _elsewhere(column: str, workspace: Workspace) -> Iterator[str]:
    """Models learn from rows, and rows cannot be taken out of them again."""
    if column == REQUEST_ID:
        return
    for version in workspace.list():
        if column in _columns(version.path):
            yield f"{version.reference} was trained on {column}: its data and whatever the model learnt of them stay"
    for folder, what in (
        (workspace.cache_folder, "encoded columns of training data (hagane cache --clear)"),
        (workspace.runs_folder, "interrupted trainings (hagane runs delete --all)"),
        (workspace.jobs_folder, "outputs of launched programs"),
    ):
        if folder.is_dir() and any(folder.iterdir()):
            yield f"{folder} holds {what}"


def _columns(bundle: Path) -> tuple[str, ...]:
    """What the model reads; nothing of a bundle that is damaged."""
    try:
        return msgspec.json.decode((bundle / "signature.json").read_bytes(), type=Signature).names
    except (OSError, msgspec.MsgspecError):
        return ()
