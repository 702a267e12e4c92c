"""`tensorboard_run`: where a training's curves go, if its spec says so."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from hagane.errors import Fault, StorageError
from hagane.progress import Progress
from hagane.progress.events import Warned
from hagane.progress.tee import Tee
from hagane.training.tensorboard.messages import Hparam
from hagane.training.tensorboard.tensorboard_log import TensorBoardLog
from hagane.workflow.prepare import Prepared
from hagane.workspace.workspace import Workspace

PLACE_FILE = "tensorboard.txt"
"""In the run folder: where the process before wrote, so that the one that goes on writes there too."""


@contextmanager
def tensorboard_run(
    prepared: Prepared, workspace: Workspace, run_folder: Path, progress: Progress
) -> Iterator[Progress]:
    """`progress`, and where the spec asks for it a TensorBoard run beside it. Raises StorageError."""
    asked = prepared.resolved.spec.training.tensorboard
    if not asked:
        yield progress
        return
    root = workspace.root / "tensorboard" if asked is True else Path(asked)

    def warn(error: OSError) -> None:
        progress.tell(Warned(text=f"TensorBoard is told no more: {error.strerror}; the training goes on"))

    try:
        log = TensorBoardLog(_folder(root, prepared, run_folder), hparams_of(prepared), on_loss=warn)
    except OSError as error:
        what = f"TensorBoard's folder {root} cannot be written to: {error.strerror}"
        raise StorageError(Fault(what=what, where="training.tensorboard", next_step="choose another one")) from None
    with log:
        yield Tee(progress, log)


def hparams_of(prepared: Prepared) -> dict[str, Hparam]:
    """What TensorBoard's table of runs shows of this one: the family, the seed, and every option that is set."""
    options: dict[str, Any] = msgspec.to_builtins(prepared.resolved.options)
    values: dict[str, Any] = {
        "model_type": prepared.resolved.family.name,
        "seed": prepared.resolved.spec.training.seed,
        **options,
    }
    return {
        name: value if isinstance(value, bool | int | float | str) else str(value)
        for name, value in values.items()
        if value is not None
    }


def _folder(root: Path, prepared: Prepared, run_folder: Path) -> Path:
    """`root/NAME-TIME`; of a training that goes on, the folder of before."""
    place = run_folder / PLACE_FILE
    if place.is_file() and (before := Path(place.read_text(encoding="utf-8"))).parent == root.absolute():
        return before
    name = f"{prepared.resolved.spec.name}-{datetime.datetime.now():%Y%m%d-%H%M%S}"
    folder, number = root.absolute() / name, 1
    while folder.exists():
        number += 1
        folder = root.absolute() / f"{name}-{number}"
    folder.mkdir(parents=True)
    place.write_text(str(folder), encoding="utf-8")
    return folder
