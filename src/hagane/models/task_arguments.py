"""`TaskArguments`: what makes a torch family's task in any process."""

from __future__ import annotations

import msgspec

from hagane.models.several_targets import AnyTarget


class TaskArguments(msgspec.Struct, frozen=True, kw_only=True):
    """What `make_task` needs besides the rows; a family adds its options."""

    target: AnyTarget
    seed: int
    shift: tuple[float, ...]
    """[outputs] what the output lacks on eval rows."""
