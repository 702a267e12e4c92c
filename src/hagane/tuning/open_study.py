"""`open_study`: a study by its name: made where there is none, else found as the last process left it."""

from __future__ import annotations

import os
import random
import re
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import optuna
from optuna.storages import BaseStorage, RDBStorage, get_storage
from sqlalchemy.exc import IntegrityError, ProgrammingError, SQLAlchemyError

from hagane.errors import DataError, Fault, MissingExtraError, NotFoundError, StorageError, nearest
from hagane.tuning.study import ABOUT, Study, direction_of
from hagane.tuning.study_about import STUDY_FORMAT, StudyAbout

SUFFIX = ".sqlite"
BUSY_SECONDS = 60
TABLE_TRIES = 3


def study_path(folder: Path, name: str) -> Path:
    """Where a study of this name lies in a workspace's folder of studies."""
    return folder / f"{name}{SUFFIX}"


def open_study(place: Path | str, name: str) -> Study:
    """The study in a SQLite file, or in a PostgreSQL database by its URL.

    Raises NotFoundError with the nearest name, DataError where it is no study, StorageError where it cannot be read.
    """
    if isinstance(place, Path) and not place.is_file():
        near = nearest(name, [path.stem for path in place.parent.glob(f"*{SUFFIX}")])
        raise NotFoundError(Fault(what=f"no study '{name}'", where=str(place), nearest=near))
    storage = _storage(place)
    found = _find(storage, name, place)
    if found is None:
        near = nearest(name, [study.study_name for study in storage.get_all_studies()])
        raise NotFoundError(Fault(what=f"no study '{name}'", where=shown_place(place), nearest=near))
    return found


def open_or_make_study(place: Path | str, about: StudyAbout) -> Study:
    """The study of this name, or a new one. It is the caller's to look whether what was found is `about` the same.

    A file appears when there is a whole study in it: whoever reads meanwhile finds none, or that.
    """
    if isinstance(place, Path) and not place.exists():
        _make_file(place, about)
    storage = _storage(place)
    return _find(storage, about.name, place) or _made(storage, about) or open_or_make_study(place, about)


def _made(storage: BaseStorage, about: StudyAbout) -> Study | None:
    """A new study; None where another machine was a moment earlier."""
    directions = [direction_of(objective) for objective in about.objectives]
    try:
        number = storage.create_new_study(directions, about.name)
    except optuna.exceptions.DuplicatedStudyError:
        return None
    storage.set_study_user_attr(number, ABOUT, msgspec.to_builtins(about))
    return Study(optuna.load_study(study_name=about.name, storage=storage), about)


def _make_file(path: Path, about: StudyAbout) -> None:
    _make_folder(path.parent)
    for left in path.parent.glob(f".{path.name}.partial-*"):  # by a process that was killed
        left.unlink(missing_ok=True)
    aside = path.with_name(f".{path.name}.partial-{os.getpid()}")
    made = _made(_storage(aside), about)
    assert made is not None
    made.close()
    os.replace(aside, path)


def _find(storage: BaseStorage, name: str, place: Path | str) -> Study | None:
    try:
        number = storage.get_study_id_from_name(name)
    except KeyError:
        return None
    attributes: dict[str, Any] = storage.get_study_user_attrs(number)
    if ABOUT not in attributes and not storage.get_n_trials(number):
        storage.delete_study(number)  # its maker was killed before it had said what it is about
        return None
    try:
        about = msgspec.convert(attributes.get(ABOUT), StudyAbout)
    except msgspec.ValidationError:
        what = f"the study '{name}' was not made by Hagane, or by a release that wrote studies otherwise"
        raise DataError(
            Fault(what=what, where=shown_place(place), next_step="choose another name: --study NAME")
        ) from None
    if about.format_version != STUDY_FORMAT:
        what = f"the study '{name}' has format {about.format_version}, and this release reads {STUDY_FORMAT}"
        raise DataError(Fault(what=what, where=shown_place(place), next_step="choose another name: --study NAME"))
    return Study(optuna.load_study(study_name=name, storage=storage), about)


def _storage(place: Path | str) -> BaseStorage:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    is_file = isinstance(place, Path)
    url = f"sqlite:///{place}" if is_file else _with_driver(str(place))
    options: dict[str, Any] = {"creator": lambda: _connect(str(place))} if is_file else {"pool_pre_ping": True}
    try:
        for _ in range(TABLE_TRIES):
            with suppress(IntegrityError, ProgrammingError):  # another machine makes the very tables now
                return get_storage(RDBStorage(url, engine_kwargs=options))
            time.sleep(1 + random.random())
        return get_storage(RDBStorage(url, engine_kwargs=options))
    except ModuleNotFoundError:
        step = "pip install 'hagane[postgresql]'"
        raise MissingExtraError(Fault(what="a study in PostgreSQL needs psycopg", next_step=step)) from None
    except (SQLAlchemyError, sqlite3.Error, optuna.exceptions.StorageInternalError, RuntimeError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise StorageError(Fault(what=f"the study cannot be opened: {reason}", where=shown_place(place))) from None


def _with_driver(url: str) -> str:
    """The URL as SQLAlchemy takes it, whatever it is called."""
    return re.sub(r"^postgres(ql)?(\+psycopg)?://", "postgresql+psycopg://", url)


def _connect(path: str) -> sqlite3.Connection:
    """A log beside the file while it is open (WAL): whoever reads waits for nobody, and no write for the disk.

    What a process has written stays when it is killed; a machine that loses its power may lose the last seconds.
    """
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        step = "choose another folder: --workspace FOLDER, or $HAGANE_HOME"
        raise StorageError(Fault(what=f"{folder} cannot be made: {error.strerror}", next_step=step)) from None


def shown_place(place: Path | str) -> str:
    """The file, or the URL without its password."""
    if isinstance(place, Path):
        return str(place)
    from sqlalchemy.engine import make_url

    return make_url(place).render_as_string(hide_password=True)
