"""`PredictionPlace`: where predictions go, and in which form; what cannot be is refused before the work."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hagane.errors import Fault, SpecError, StorageError, nearest
from hagane.workflow.check_not_input import check_not_input
from hagane.workflow.check_output import check_folder_output, check_parquet_output

_OURS = re.compile(r"part-\d+\.parquet")


@dataclass(frozen=True, slots=True)
class PredictionPlace:
    """A Parquet file, or a folder of them."""

    path: Path
    is_folder: bool
    compression: str

    @classmethod
    def of(cls, out: str | Path, data: object, compression: str, compressions: Sequence[str]) -> PredictionPlace:
        """Checked: `out` is none of the files of `data` and can be written; what ends in `/` is a folder.

        Raises StorageError and SpecError.
        """
        path, is_folder = Path(out), str(out).endswith(("/", os.sep))
        if is_folder:
            check_folder_output(path, option="-o")
            _check_only_ours(path)
            path.absolute().parent.mkdir(parents=True, exist_ok=True)
        else:
            check_parquet_output(path, option="-o")
        check_not_input(data, path, option="-o")
        if compression not in compressions:
            raise SpecError(
                Fault(
                    what=f"no compression {compression!r}",
                    where="--compression",
                    expected=", ".join(compressions),
                    nearest=nearest(compression, compressions),
                )
            )
        return cls(path, is_folder, compression)


def _check_only_ours(folder: Path) -> None:
    """A folder that is there is replaced: it may hold earlier predictions, and nothing else."""
    other = (
        next((path for path in folder.iterdir() if not _OURS.fullmatch(path.name)), None) if folder.is_dir() else None
    )
    if other is not None:
        raise StorageError(
            Fault(
                what=f"{folder} is there already, and holds what is no prediction: {other.name}",
                where=f"-o {folder}{os.sep}",
                expected="a new folder, or one of earlier predictions",
                next_step="choose another place",
            )
        )
