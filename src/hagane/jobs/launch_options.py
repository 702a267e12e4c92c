"""`LaunchOptions`: how a job is run, apart from what it is."""

from __future__ import annotations

import msgspec


class LaunchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Every field has the default that suits one machine."""

    grace_seconds: float = 30.0
    """Between SIGTERM and SIGKILL."""
    finish_seconds: float | None = None
    """How long workers and evaluators may go on after the primary replica's end; None: `job_rule` says."""
    max_restarts: int = 0
    """How often all replicas are started anew after one that failed (torchrun's --max-restarts)."""
    threads_per_replica: int | None = None
    """OMP_NUM_THREADS; None: the cores divided by the replicas."""
    gpus_per_replica: int | None = None
    """GPUs that a rank sees, 0: all of them; None: divided evenly."""
    start_port: int | None = None
    """The first of the ports, which follow one another; None: any that are free."""
    nodes: tuple[str, ...] = ()
    """The machines of the job by host name or address; none: this one alone."""
    node_rank: int | None = None
    """Which of them this one is; None: what the environment says (`rank_here`), and the first where there is one."""

    @property
    def rank(self) -> int:
        """Which machine this one is, the first where nothing is said."""
        return self.node_rank or 0
