"""`read_study` and `list_studies`: what was searched in a workspace."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from hagane.errors import Fault, HaganeError, NotFoundError, nearest
from hagane.file_lock import lock_file
from hagane.tuning.open_study import SUFFIX, open_study, shown_place, study_path
from hagane.tuning.record_study import record_study
from hagane.tuning.study_record import StudyRecord
from hagane.workspace.workspace import Workspace


def read_study(name: str, *, workspace: Workspace, storage: str | None = None) -> StudyRecord:
    """The study of this name in the workspace, or in the database at the URL `storage`.

    Raises NotFoundError with the nearest name, DataError for a file that is no study, StorageError.
    """
    if storage is not None:
        with closing(open_study(storage, name)) as study:
            return record_study(study, path=shown_place(storage))
    path = study_path(workspace.studies_folder, name)
    if not path.is_file():
        names = [each.stem for each in workspace.studies_folder.glob(f"*{SUFFIX}")]
        step = "hagane tune --list" if names else "begin one: hagane tune DATA --label COLUMN"
        where = f"workspace {workspace.root}"
        raise NotFoundError(Fault(what=f"no study '{name}'", where=where, nearest=nearest(name, names), next_step=step))
    with closing(open_study(path, name)) as study:
        return record_study(study, path=str(path), is_running=_is_running(path))


def list_studies(workspace: Workspace) -> tuple[tuple[StudyRecord, ...], tuple[HaganeError, ...]]:
    """The studies in the workspace's files by name, and what is wrong with those that cannot be read."""
    records, errors = list[StudyRecord](), list[HaganeError]()
    for path in sorted(workspace.studies_folder.glob(f"*{SUFFIX}")):
        try:
            records.append(read_study(path.stem, workspace=workspace))
        except HaganeError as error:
            errors.append(error)
    return tuple(records), tuple(errors)


def _is_running(path: Path) -> bool:
    """Whether a process is at work on the study in this file: it holds the lock beside it."""
    beside = path.with_suffix(".lock")
    if not beside.is_file():
        return False
    lock = lock_file(beside)
    if lock is not None:
        os.close(lock)
    return lock is None
