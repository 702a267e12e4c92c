"""What a log's file tells of itself: the model whose rows it holds, and the files that it stands for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hagane.bundle.signature import Signature, Treatment
from hagane.errors import DataError, Fault

if TYPE_CHECKING:
    import pyarrow.parquet as pq

FORMAT_VERSION = 1
MODEL_KEY = b"hagane.request_log"
REPLACES_KEY = b"hagane.replaces"


class LoggedModel(msgspec.Struct, frozen=True, kw_only=True):
    """Whose rows a file holds, and how its sensitive columns were treated: JSON in the file's metadata."""

    endpoint: str
    deployed_model_id: str
    model: str
    version: str
    signature: Signature
    sensitive: dict[str, Treatment] = {}
    runtime: str = ""
    """What computed the answers (`hagane.runtime.runtime_build`): they are had again to the bit on the same."""
    format_version: int = FORMAT_VERSION


def file_metadata(model: LoggedModel, replaces: tuple[str, ...] = ()) -> dict[bytes, bytes]:
    """The metadata of a file of this model's rows."""
    metadata = {MODEL_KEY: msgspec.json.encode(model)}
    return metadata | ({REPLACES_KEY: msgspec.json.encode(replaces)} if replaces else {})


def logged_model(path: Path) -> LoggedModel:
    """Whose rows the file holds. Raises DataError for a file that is no log's, or of a later release."""
    return _model(path, _metadata(path))


def model_and_metadata(path: Path) -> tuple[LoggedModel, pq.FileMetaData]:
    """The same, and Parquet's own metadata, in one reading. Raises DataError."""
    metadata = _parquet_metadata(path)
    return _model(path, metadata.metadata or {}), metadata


def _model(path: Path, metadata: dict[bytes, bytes]) -> LoggedModel:
    content = metadata.get(MODEL_KEY, b"")
    try:
        model = msgspec.json.decode(content, type=LoggedModel)
    except msgspec.MsgspecError:
        step = "move it out of the log's folder"
        raise DataError(Fault(what="this is no file of a request log", where=str(path), next_step=step)) from None
    if model.format_version > FORMAT_VERSION:
        received = f"format {model.format_version}"
        what = "the file was written by a later release of Hagane"
        raise DataError(Fault(what=what, where=str(path), expected=f"format {FORMAT_VERSION}", received=received))
    return model


def replaced_by(path: Path) -> tuple[str, ...]:
    """The names of the files in the same folder that a merged file stands for."""
    content = _metadata(path).get(REPLACES_KEY)
    return msgspec.json.decode(content, type=tuple[str, ...]) if content else ()


def _metadata(path: Path) -> dict[bytes, bytes]:
    return dict(_parquet_metadata(path).metadata or {})


def _parquet_metadata(path: Path) -> pq.FileMetaData:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(path)
    except (pa.ArrowInvalid, OSError) as error:
        what = f"the file cannot be read: {str(error).splitlines()[0][:200]}"
        raise DataError(Fault(what=what, where=str(path), next_step="move it out of the log's folder")) from None
