"""What was asked can be asked again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from hagane.bundle.signature import Input
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.recorded_instances import recorded_instances
from hagane.types import SqlType

ROW: dict[str, Any] = {
    "age": 40, "fare": 1.5, "job": "pilot", "member": True, "seen": "2013-01-01T05:00:00Z", "born": "1970-01-02",
}  # fmt: skip


def test_the_latest_rows_come_as_they_were_sent(logged: Callable[..., Any]) -> None:
    log = logged()
    for age in range(10):
        log.ask([{**ROW, "age": age}, {"age": age + 100}])
    assert log.log.flush(60)
    signature = log.app.model.bundle.signature
    found = recorded_instances(log.log.folder, signature, 6)
    assert sorted(each["age"] for each in found) == [7, 8, 9, 107, 108, 109]
    assert [each for each in found if each["age"] == 9] == [{**ROW, "age": 9}]
    answer = log.app.model.bundle.predict(found)
    assert len(answer) == 6
    assert len(recorded_instances(log.log.folder, signature)) == 20


def test_what_another_model_reads_differently_is_left_out(logged: Callable[..., Any]) -> None:
    log = logged(sensitive={"job": "hash", "member": "hash", "born": "leave_out"})
    log.ask([ROW])
    assert log.log.flush(60)
    signature = log.app.model.bundle.signature
    inputs = (*(each for each in signature.inputs if each.name != "seen"), Input(name="seen", type=SqlType.STRING))
    (found,) = recorded_instances(log.log.folder, msgspec.structs.replace(signature, inputs=inputs))
    assert set(found) == {"age", "fare", "job"}
    assert len(found["job"]) == 32, "a hash is a STRING as good as another; of a BOOL it is none"


def test_without_a_log_there_is_nothing(logged: Callable[..., Any], tmp_path: Path) -> None:
    signature = logged().app.model.bundle.signature
    assert recorded_instances(LogFolder(tmp_path, "nobody"), signature) == []
    assert not (tmp_path / "nobody").exists()


def test_rows_of_a_mirror_are_not_taken(logged: Callable[..., Any]) -> None:
    log = logged()

    class Mirror:
        def observe(self, exchange: Any) -> None:
            log.log.observe_mirror(exchange)

    log.app.observers = (log.log, Mirror())
    log.ask([ROW])
    assert log.log.flush(60)
    assert recorded_instances(log.log.folder, log.app.model.bundle.signature) == [ROW]
