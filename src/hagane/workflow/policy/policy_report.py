"""`PolicyReport`: how far an endpoint's policy has come, and all that it did."""

from __future__ import annotations

from typing import Any

import msgspec

from hagane.monitoring.policy_state import PolicyState
from hagane.monitoring.policy_step import PolicyStep
from hagane.spec.policy import Policy


class PolicyReport(msgspec.Struct, frozen=True, kw_only=True):
    """Of one endpoint."""

    endpoint: str
    policy: Policy | None
    """What the spec of the serving model declares; None: steps are taken by hand alone."""
    state: PolicyState
    steps: tuple[PolicyStep, ...]
    """The earliest first."""
    num_new: int = 0
    """Of these, taken by this very call: the last ones."""
    waits: str = ""
    """What the next step waits for."""

    @property
    def new(self) -> tuple[PolicyStep, ...]:
        """The steps of this very call."""
        return self.steps[len(self.steps) - self.num_new :]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found
