"""`hold_beginning`: what a training began with stays what it is, although the run that it is of goes on saving."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from hagane.workflow.beginning import Beginning
from hagane.write_aside import write_aside

HELD = "beginning.msgpack"


class _Held(msgspec.Struct):
    digest: str
    parameters: Mapping[str, bytes]


def hold_beginning(beginning: Beginning | None, folder: Path) -> Beginning | None:
    """The same where it cannot change; else what the run in `folder` began with when it was first started.

    A copy of it lies in the run's folder: started again, the run goes on, though there is a newer checkpoint now.
    """
    if beginning is None or not beginning.run:
        return beginning
    file = folder / HELD
    if not file.exists():
        write_aside(file, msgspec.msgpack.encode(_Held(beginning.digest, beginning.parameters)))
    held = msgspec.msgpack.decode(file.read_bytes(), type=_Held)
    return replace(beginning, digest=held.digest, parameters=held.parameters)
