"""`PolicyStep`: one line of the journal of an endpoint's policy."""

from __future__ import annotations

from typing import Literal

import msgspec

Action = Literal["retrain", "evaluate", "canary", "promote", "rollback", "reject", "pause", "resume"]
Status = Literal["begun", "done", "waiting", "failed", "interrupted"]
POLICY = "policy"
"""Who does what nobody asked for by hand."""


class PolicyStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was to be done (`begun`), what came of it, or what it waits for.

    What changes something outside of the journal is written before it is done and after: who is killed between leaves
    the intent, and the next round looks how far it came.

    >>> PolicyStep(action="canary", status="begun", at=0, attempt=1, model="late@4", why="it is better").text
    'canary late@4 begun: it is better'
    """

    action: Action
    status: Status
    at: int
    """µs since 1970 UTC."""
    attempt: int = 0
    """A model that was trained again, and all that was done with it: counted from 1."""
    by: str = POLICY
    """`policy`, or the name of who did it by hand."""
    why: str = ""
    model: str = ""
    """The candidate, once there is one: `late@4`."""
    serving: str = ""
    """What it is held against, or takes the place of."""
    rows_after: int = 0
    """Of `retrain`: rows that were asked later are none that it was trained on, µs since 1970 UTC."""
    is_accepted: bool = False
    """Of `evaluate`: whether the candidate is what the policy requires."""
    figures: dict[str, float] = {}

    @property
    def text(self) -> str:
        """In words."""
        head = " ".join(part for part in (self.action, self.model, self.status) if part)
        return f"{head}: {self.why}" if self.why else head
