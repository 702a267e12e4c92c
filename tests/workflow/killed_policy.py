"""`python -m tests.workflow.killed_policy FOLDER MOMENT`: a policy from drift to promotion, killed at a moment.

Moment 2n is before the journal's nth writing, 2n + 1 after it; `training` is when the model is fitted and not
registered yet; `-1` is never. Started again it goes on from what is there; callers ask and tell the truth as need be.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from policy_world import HOUR, START, PolicyWorld

from hagane.monitoring.policy_state import PolicyState
from hagane.monitoring.policy_step import PolicyStep
from hagane.workflow.policy.act_on_policy import act_on_policy
from hagane.workspace.policy_journal import PolicyJournal
from hagane.workspace.workspace import Workspace


def main(folder: Path, moment: str) -> None:
    """Rounds until it is promoted."""
    world = PolicyWorld(None, folder)
    if moment == "training":
        Workspace.new_version = lambda *_: killed()  # type: ignore[method-assign, assignment, return-value]
    elif int(moment) >= 0:
        kill_at(int(moment))
    for at in (START, START, START + HOUR, START + 2 * HOUR, START + 2 * HOUR, START + 2 * HOUR):
        state = act_on_policy("tips", workspace=world.place, now=at).state
        if state.outcome:
            return
        known = (world.folder / "asked").exists(), (world.folder / "answered").exists()
        if state.phase == "evaluating" and not known[0]:
            world.log(250, at=START + 1000)
            (world.folder / "asked").touch()
        if state.phase == "canary" and not known[1]:
            world.log(120, at=START + 2000)
            world.log(120, at=START + 3000, by="tipped@2")
            (world.folder / "answered").touch()


def kill_at(moment: int) -> None:
    """Of this process."""
    write, number = PolicyJournal.add, 0

    def add(self: PolicyJournal, *steps: PolicyStep) -> PolicyState:
        nonlocal number
        if number == moment:
            killed()
        found = write(self, *steps)
        if number + 1 == moment:
            killed()
        number += 2
        return found

    PolicyJournal.add = add  # type: ignore[method-assign]


def killed() -> None:
    """`kill -9`."""
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
