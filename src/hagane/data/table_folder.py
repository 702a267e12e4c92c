"""`table_folder`: the files of a workspace's table, where a folder is one."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hagane.errors import DataError, Fault

MANIFEST = "table.json"


class _File(msgspec.Struct):
    name: str


class _Manifest(msgspec.Struct):
    files: tuple[_File, ...]
    columns: list[msgspec.Raw]


def table_folder(folder: Path) -> list[Path] | None:
    """The Parquet files that are the table now, in the order of its rows; None for any other folder.

    Others beside them are of its past, or of a change that goes on. Raises DataError for a damaged manifest.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> table_folder(folder) is None
    True
    >>> _ = (folder / "table.json").write_text('{"columns": [], "files": [{"name": "b.parquet"}]}')
    >>> [path.name for path in table_folder(folder)]
    ['b.parquet']
    """
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=_Manifest)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except msgspec.ValidationError:
        return None  # a file of data that is called so
    except msgspec.DecodeError as error:
        raise DataError(Fault(what=f"{path} is damaged: {error}", next_step="put the file back")) from None
    return [folder / file.name for file in manifest.files]
