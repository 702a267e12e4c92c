"""`CommunicatingGroup`: a `ProcessGroup` whose gradients are compressed, or whose weights agree now and then."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from hagane.spec.communication import Communication
from hagane.training.checkpoint import Checkpoint
from hagane.training.checkpoint_folder import list_checkpoints, step_of
from hagane.training.checkpointer import Checkpointer
from hagane.training.communication import make_hook, make_outer_steps
from hagane.training.communication.gradient_hook import GradientHook
from hagane.training.communication.outer_steps import OuterSteps
from hagane.training.gather_json import gather_json
from hagane.training.process_group import ProcessGroup


class CommunicatingGroup(ProcessGroup):
    """Each process remembers things of its own, so each writes its own checkpoints, in a folder of its own."""

    def __init__(self, device: str, *, local_rank: int, communication: Communication, seed: int) -> None:
        super().__init__(device, local_rank=local_rank)
        self.is_writer = True
        self.hook: GradientHook | None = None
        self.outer: OuterSteps | None = None
        self._communication, self._seed = communication, seed

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module with a hook, or as it is where weights are exchanged in place of gradients."""
        self.outer = make_outer_steps(self._communication, module)
        if self.outer is not None:
            self._wrapped = module
            return module
        wrapped = super().wrap(module)
        assert isinstance(wrapped, DistributedDataParallel)
        self.hook = make_hook(self._communication, seed=self._seed)
        if self.hook is not None:
            self.hook.register(wrapped)
        return wrapped

    def gradient(self, is_last: bool) -> AbstractContextManager[Any]:
        """Nothing is exchanged where weights are."""
        return nullcontext() if self.outer is not None else super().gradient(is_last)

    def after_step(self, step: int) -> None:
        """An outer step where one is due."""
        if self.outer is not None:
            self.outer.after_step(step, self._module)

    def settle(self) -> None:
        """Weights agree; an outer step, unless nothing has changed since the last one."""
        if self.outer is not None:
            self.outer.agree(self._module)
        else:
            super().settle()

    def own_state(self) -> dict[str, Tensor]:
        """Of the hook, or of the outer steps."""
        kept = self.outer or self.hook
        return {} if kept is None else kept.state()

    def load_own_state(self, tensors: dict[str, Tensor]) -> None:
        """Give it back."""
        if self.outer is not None:
            self.outer.load(tensors, self._module)
        elif self.hook is not None:
            self.hook.load(tensors)

    def latest_checkpoint(self, checkpointer: Checkpointer[Checkpoint]) -> Checkpoint | None:
        """The newest step of which every process has its own; where there is none, what any process has is sent."""
        own = [step_of(path) for path in list_checkpoints(checkpointer.folder)]
        steps: list[list[int]] = gather_json(own)
        newest = max((each[-1] for each in steps if each), default=0)
        for step in sorted(set.intersection(*map(set, steps)), reverse=True):
            if any(sum(step < other < newest for other in each) for each in steps):
                break  # older by more than the save that was cut off: of another time
            found = checkpointer.of_step(step)
            if self.add_up([float(found is not None)]) == [self.size]:
                checkpointer.begin_from(step)
                return found
        sent = super().latest_checkpoint(checkpointer)
        checkpointer.begin_from(sent.step if sent else 0)
        return sent

    @property
    def _module(self) -> nn.Module:
        assert self._wrapped is not None
        return self._wrapped
