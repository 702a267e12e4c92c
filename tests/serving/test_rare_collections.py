from __future__ import annotations

import gc

from hagane.serving.rare_collections import ALLOCATIONS, rare_collections


def test_the_collector_is_as_before_afterwards() -> None:
    before = gc.get_threshold()
    with rare_collections():
        assert gc.get_threshold() == (ALLOCATIONS, *before[1:])
        assert gc.get_freeze_count() > 1_000
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
