"""`logged_models`: the models whose rows a log holds, whether their own files are still there or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hagane.errors import DataError
from hagane.serving.request_log.file_metadata import LoggedModel, logged_model
from hagane.serving.request_log.log_folder import Kind, LogFolder
from hagane.serving.request_log.model_file import model_paths, read_model_file

_KINDS: Final[tuple[Kind, ...]] = ("requests", "arrivals")


def logged_models(folder: LogFolder, *, since: int | None = None, until: int | None = None) -> dict[str, LoggedModel]:
    """By id, the latest first: those of the model files, then those whose file is gone or damaged.

    The latter are had from the metadata of the files of rows of the hours [since, until), the newest first. A file that
    cannot be read is passed over: who reads its rows tells. Hold the lock.
    """
    found: dict[str, LoggedModel] = {}
    for model in (*_told(folder), *_of_rows(folder, since, until)):
        found.setdefault(model.deployed_model_id, model)
    return found


def _told(folder: LogFolder) -> Iterator[LoggedModel]:
    for path in model_paths(folder):
        try:
            yield read_model_file(path)
        except DataError:
            continue


def _of_rows(folder: LogFolder, since: int | None, until: int | None) -> Iterator[LoggedModel]:
    for kind in _KINDS:
        for path in reversed(folder.files(kind, since=since, until=until)):
            try:
                yield logged_model(path)
            except DataError:
                continue
