"""What a log's folder tells of the models that were served: a JSON file each."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import msgspec

from hagane.errors import DataError, Fault
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.log_folder import LogFolder, make_private
from hagane.write_aside import write_aside


def write_model_file(folder: LogFolder, model: LoggedModel) -> None:
    """Tell that this model is served; the file's time is when it was last begun to be. Raises OSError."""
    make_private(folder.models)
    path, content = folder.models / f"{quote(model.deployed_model_id, safe='')}.json", msgspec.json.encode(model)
    if path.exists() and path.read_bytes() == content:
        os.utime(path)
    else:
        write_aside(path, content)


def model_files(folder: LogFolder) -> list[LoggedModel]:
    """The models that were served, the latest first. Raises DataError for a file that is none."""
    return [read_model_file(path) for path in model_paths(folder)]


def model_paths(folder: LogFolder) -> list[Path]:
    """The files, the latest first."""
    return sorted(folder.models.glob("*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)


def read_model_file(path: Path) -> LoggedModel:
    """What one file tells. Raises DataError for a file that is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=LoggedModel)
    except (OSError, msgspec.MsgspecError) as error:
        raise DataError(Fault(what=f"the file cannot be read: {error}", where=str(path))) from None
