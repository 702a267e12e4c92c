"""The section `monitoring.policy`: read, written, and told of all its faults at once."""

from __future__ import annotations

import pytest

from hagane.errors import SpecError
from hagane.spec.policy import Approvals, Policy
from hagane.spec.read_yaml import read_yaml
from hagane.spec.write_yaml import write_yaml

TEXT = "data: f.csv\nlabel: y\nmonitoring: {policy: "


def test_it_goes_to_yaml_and_back() -> None:
    spec = read_yaml(f"{TEXT}{{retrain_after: 2, data: request_log, approve: {{promote: manual}}}}}}\n")
    assert spec.monitoring is not None
    assert spec.monitoring.policy == Policy(retrain_after=2, data="request_log", approve=Approvals(promote="manual"))
    assert read_yaml(write_yaml(spec)) == spec
    assert read_yaml("data: f.csv\nlabel: y\nmonitoring: {}\n").monitoring.policy is None  # type: ignore[union-attr]


def test_every_fault_is_told_at_once() -> None:
    wrong = (
        "retrain_after: 0, min_train_rows: 1, min_rows: 9, watch_rows: -1, cooldown: soon, watch: 40d, canary: 60, "
        "margin: -1, max_slowdown: 0.5, subjects: []"
    )
    with pytest.raises(SpecError) as caught:
        read_yaml(f"{TEXT}{{{wrong}}}}}\n")
    told = {fault.where.split("(monitoring.policy.")[-1].rstrip(")") for fault in caught.value.faults}
    assert told == {"retrain_after", "min_train_rows", "min_rows", "watch_rows", "cooldown", "patience", "canary",
                    "margin", "max_slowdown", "subjects"}  # fmt: skip
