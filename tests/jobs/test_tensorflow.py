"""TensorFlow's strategies as replicas: `make test-tensorflow` builds the environment and runs this."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from tests.jobs.programs import Ran, Run

from hagane.jobs.declaration import Declaration
from hagane.jobs.declare_job import declare_job

PYTHON = os.environ.get("HAGANE_TENSORFLOW", "")
EXAMPLES = Path(__file__).parents[2] / "examples" / "launch"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON, reason="needs TensorFlow: make test-tensorflow"),
]

RESOLVE = """
import json, tensorflow as tf
found = tf.distribute.cluster_resolver.TFConfigClusterResolver()
print(json.dumps([found.task_type, found.task_id, found.environment, found.cluster_spec().as_dict()]))
"""


def launch(run: Run, program: str, **declared: object) -> Ran:
    ran = run(declare_job(str(EXAMPLES / program), (), Declaration(python=PYTHON, **declared)))
    assert ran.result.state == "succeeded", ran.lines
    return ran


def losses(ran: Ran, replica: str) -> list[float]:
    return [float(found[1]) for name, text in ran.lines if name == replica and (found := re.search(r"loss (.*)", text))]


def test_multi_worker_mirrored_strategy(run):
    ran = launch(run, "tensorflow_multi_worker.py", workers=1)
    assert losses(ran, "chief-0") == losses(ran, "worker-0")
    assert losses(ran, "chief-0")[-1] < 0.6 * losses(ran, "chief-0")[0]
    ends = {text.rpartition(" ")[2] for _, text in ran.lines if "sum to" in text}
    assert len(ends) == 1
    assert any("chief-0 of 2" in text for _, text in ran.lines)


def test_parameter_server_strategy(run):
    ran = launch(run, "tensorflow_parameter_server.py", workers=2, parameter_servers=2)
    assert losses(ran, "chief-0")[-1] < 0.6 * losses(ran, "chief-0")[0]
    assert "/job:ps/replica:0/task:0" in ran.lines[-1][1]
    assert "/job:ps/replica:0/task:1" in ran.lines[-1][1]
    assert {each.name for each in ran.result.replicas if each.was_ended} == {"worker-0", "worker-1", "ps-0", "ps-1"}


def test_tensorflow_reads_every_replicas_tf_config(run, tmp_path):
    script = tmp_path / "resolve.py"
    script.write_text(RESOLVE)
    ran = run(declare_job(str(script), (), Declaration(python=PYTHON, workers=1, evaluators=1)))
    found = {name: json.loads(text) for name, text in ran.lines if text.startswith("[")}
    assert {name: each[:2] for name, each in found.items()} == {
        "chief-0": ["chief", 0],
        "worker-0": ["worker", 0],
        "evaluator-0": ["evaluator", 0],
    }
    assert all(each[3] == found["chief-0"][3] and set(each[3]) == {"chief", "worker"} for each in found.values())
