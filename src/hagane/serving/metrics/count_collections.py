"""`count_collections`: how often and for how long Python's garbage collector stops everything."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

from hagane.serving.metrics.families import COLLECTIONS, PAUSES
from hagane.serving.metrics.registry import Registry


def count_collections(registry: Registry) -> Callable[[], None]:
    """Count from now on; call what is returned to count no more."""
    runs = [registry.number(COLLECTIONS, str(generation)) for generation in range(3)]
    pauses = [registry.number(PAUSES, str(generation)) for generation in range(3)]
    began = 0.0

    def on_collection(phase: str, info: dict[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = time.perf_counter()
            return
        # A collection may begin while a thread holds the registry's lock: so without it. Only one runs at a time.
        runs[info["generation"]].set(runs[info["generation"]].value + 1)
        pauses[info["generation"]].set(pauses[info["generation"]].value + time.perf_counter() - began)

    gc.callbacks.append(on_collection)
    return lambda: gc.callbacks.remove(on_collection)
