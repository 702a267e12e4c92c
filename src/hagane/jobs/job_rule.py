"""`not_needed`: which replicas have nothing more to wait for, from how the others ended.

Cloud ML Engine's local mode ends everything with the primary replica. Here the others have time to end by themselves:
workers that save their share, an evaluator that looks at the last checkpoint. Servers never end by themselves:
parameter servers, and the workers of TensorFlow's ParameterServerStrategy, which serve the primary replica.
"""

from __future__ import annotations

from collections.abc import Mapping

from hagane.jobs.replica import CHIEF_POOL, EVALUATOR_POOL, SERVER_POOL, WORKER_POOL, Replica

FINISH_SECONDS = 300.0
"""How long workers and evaluators may go on after the primary replica's end; torchrun waits as long for other ranks."""
SERVING_FINISH_SECONDS = 10.0
"""The same for workers of a job with parameter servers, which are likely to be servers themselves."""


def not_needed(
    is_over: Mapping[Replica, bool], seconds_since_chief: float | None, finish_seconds: float | None = None
) -> list[Replica]:
    """The replicas to be ended now. `seconds_since_chief` is None until the primary replica has ended well.

    >>> chief, worker, server = (Replica(pool, "x", 0, 0, "h", 1) for pool in (0, 1, 2))
    >>> [each.pool for each in not_needed({chief: True, worker: False, server: False}, 1.0)]
    []
    >>> [each.pool for each in not_needed({chief: True, worker: True, server: False}, 1.0)]
    [2]
    >>> [each.pool for each in not_needed({chief: True, worker: False, server: False}, 11.0)]
    [1]
    """
    if seconds_since_chief is None:
        return []
    running = [replica for replica, over in is_over.items() if not over]
    window = windows(is_over, finish_seconds)
    late = [each for each in running if seconds_since_chief >= window.get(each.pool, float("inf"))]
    trains = any(each.pool in (CHIEF_POOL, WORKER_POOL) for each in running)
    return late if trains else late + [each for each in running if each.pool == SERVER_POOL]


def windows(replicas: Mapping[Replica, bool], finish_seconds: float | None) -> dict[int, float]:
    """By pool, how long its replicas may outlive the primary one."""
    serves = any(replica.pool == SERVER_POOL for replica in replicas)
    asked = FINISH_SECONDS if finish_seconds is None else finish_seconds
    is_default = finish_seconds is None and serves
    return {WORKER_POOL: SERVING_FINISH_SECONDS if is_default else asked, EVALUATOR_POOL: asked}
