"""`Turn`: one look of a policy at its endpoint, and what its steps need."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable

from hagane.errors import Fault, HaganeError, NotFoundError
from hagane.monitoring.policy_state import PolicyState
from hagane.monitoring.policy_step import POLICY, Action, PolicyStep, Status
from hagane.progress import SILENT, Progress
from hagane.serving.endpoint_state import STABLE, DeployedModel, EndpointState
from hagane.spec.monitoring import Monitoring
from hagane.spec.policy import Policy
from hagane.workspace.policy_journal import PolicyJournal
from hagane.workspace.workspace import Workspace

CANARY = "canary"
"""The label of a candidate while it is watched."""


@dataclasses.dataclass(kw_only=True)
class Turn:
    """Of one endpoint, by one person or by the policy itself."""

    endpoint: str
    workspace: Workspace
    monitoring: Monitoring
    policy: Policy
    journal: PolicyJournal
    clock: Callable[[], int]
    """µs since 1970 UTC."""
    by: str = POLICY
    progress: Progress = SILENT
    waits: str = ""
    """What the next step waits for, as it is now."""

    @property
    def now(self) -> int:
        """µs since 1970 UTC."""
        return self.clock()

    @property
    def state(self) -> PolicyState:
        """By the journal as it is now."""
        return self.journal.state()

    @property
    def is_by_hand(self) -> bool:
        """Whether a person asked for this very step."""
        return self.by != POLICY

    def step(
        self, action: Action, status: Status, why: str = "", *, model: str = "", serving: str = "",
        rows_after: int = 0, is_accepted: bool = False, figures: dict[str, float] | None = None,
    ) -> PolicyStep:  # fmt: skip
        """A line for the journal: of the attempt that is on, or the first of the next."""
        state = self.state
        is_next = action == "retrain" and state.phase == "idle"
        return PolicyStep(action=action, status=status, at=self.now, attempt=state.attempt + is_next, by=self.by,
                          why=why, model=model or ("" if is_next else state.candidate),
                          serving=serving or ("" if is_next else state.serving), rows_after=rows_after,
                          is_accepted=is_accepted, figures=figures or {})  # fmt: skip

    def note(self, action: Action, status: Status, why: str = "", **more: object) -> PolicyState:
        """Keep it."""
        return self.journal.add(self.step(action, status, why, **more))  # type: ignore[arg-type]

    def wait(self, action: Action, why: str, so_far: str = "") -> None:
        """Nothing more now: the journal says what for, once, and `so_far` how much of it there is."""
        self.waits = f"{why} ({so_far})" if so_far else why
        self.note(action, "waiting", why)

    def deployed(self) -> EndpointState:
        """The endpoint as it is now. Raises NotFoundError."""
        return self.workspace.endpoints.get(self.endpoint)

    @property
    def occasion(self) -> str:
        """How a model of this attempt is known: the beginning of what its lineage says."""
        state = self.state
        began = datetime.datetime.fromtimestamp(state.since / 1e6, datetime.UTC).isoformat(timespec="seconds")
        return f"policy of {self.endpoint}, attempt {state.attempt} of {began}: "


def serving_model(state: EndpointState, besides: str = "") -> DeployedModel:
    """The version that answers most: `stable`, or the one with most traffic; `besides` is another (`late@4`).

    Raises NotFoundError where there is no other.
    """
    others = [each for each in state.models if each.reference != besides]
    if not others:
        raise NotFoundError(Fault(what=f"no model but {besides} is deployed to {state.name}"))
    return next((each for each in others if STABLE in each.labels), max(others, key=lambda each: each.traffic))


def told(error: HaganeError) -> str:
    """An error in one line of the journal."""
    return "; ".join(f"{fault.what} ({fault.where})" if fault.where else fault.what for fault in error.faults)
