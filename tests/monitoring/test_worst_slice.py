"""The slice in which a metric is worst: named only where it is wrong, judged, and worse than all rows beyond noise."""

from __future__ import annotations

import msgspec
import pytest

from hagane.monitoring.finding import Finding
from hagane.monitoring.worst_slice import worst_slice

WHOLE = Finding(of="quality", name="accuracy", measure="labels", value=0.7, threshold=0.8, is_anomaly=True,
                is_back=False, num_rows=400, low=0.65, high=0.75)  # fmt: skip
CASH = msgspec.structs.replace(WHOLE, slice="paid = 'cash'", value=0.5, num_rows=100, low=0.4, high=0.6)
CARD = msgspec.structs.replace(WHOLE, slice="paid = 'card'", value=0.6, num_rows=80, low=0.5, high=0.69)


def test_the_worst_of_several_is_told() -> None:
    found = worst_slice("accuracy", "labels", [WHOLE, CARD, CASH])
    assert found is not None
    assert (found.slice, found.share, found.value, found.within) == ("paid = 'cash'", 0.25, 0.7, 0.5)


@pytest.mark.parametrize(
    "slices",
    [
        [],
        [msgspec.structs.replace(CASH, high=0.72)],
        [msgspec.structs.replace(CASH, is_judged=False)],
        [msgspec.structs.replace(CASH, is_anomaly=False)],
        [msgspec.structs.replace(CASH, of="input")],
        [msgspec.structs.replace(CASH, name="roc_auc")],
    ],
)
def test_nothing_is_told_that_cannot_be_told(slices: list[Finding]) -> None:
    assert worst_slice("accuracy", "labels", [WHOLE, *slices]) is None
    assert worst_slice("accuracy", "labels", slices) is None
