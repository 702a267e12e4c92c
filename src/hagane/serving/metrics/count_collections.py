"""`CountCollections`: how often and for how long Python's garbage collector stops everything."""

from __future__ import annotations

import gc
import time
import weakref

from hagane.serving.metrics.families import COLLECTIONS, PAUSES
from hagane.serving.metrics.registry import Registry


class CountCollections:
    """Counts from the moment that it is made until it is closed, or nobody has it any more."""

    def __init__(self, registry: Registry) -> None:
        self._runs = [registry.number(COLLECTIONS, str(generation)) for generation in range(3)]
        self._pauses = [registry.number(PAUSES, str(generation)) for generation in range(3)]
        self._began = 0.0
        counter = weakref.ref(self)

        def on_collection(phase: str, info: dict[str, int]) -> None:
            if (counts := counter()) is not None:
                counts._on_collection(phase, info["generation"])

        self._callback = on_collection
        gc.callbacks.append(on_collection)
        self._remove = weakref.finalize(self, _forget, on_collection)

    def close(self) -> None:
        """Count no more."""
        self._remove()

    def _on_collection(self, phase: str, generation: int) -> None:
        """Only one runs at a time. It may begin in a thread that holds the registry's lock, so that is not taken."""
        if phase == "start":
            self._began = time.perf_counter()
            return
        runs, pauses = self._runs[generation], self._pauses[generation]
        runs.set(runs.value + 1)
        pauses.set(pauses.value + time.perf_counter() - self._began)


def _forget(callback: object) -> None:
    if callback in gc.callbacks:
        gc.callbacks.remove(callback)
