"""The example that trains with PyTorch, and torchrun as the oracle for its variables."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.jobs.programs import PRELUDE

from hagane.jobs.declaration import Declaration
from hagane.jobs.declare_job import declare_job
from hagane.jobs.job import Job, WorkerPool
from hagane.jobs.replica_environment import TORCHRUN

EXAMPLES = Path(__file__).parents[2] / "examples" / "launch"


def test_two_ranks_train_and_an_evaluator_watches(run):
    job = declare_job(str(EXAMPLES / "pytorch_ddp.py"), ["--epochs", "6"], Declaration(workers=1, evaluators=1))
    ran = run(job)
    assert ran.result.state == "succeeded", ran.lines
    losses = [float(text.split()[3]) for name, text in ran.lines if name == "chief-0" and " loss " in text]
    accuracies = [float(text.split()[3]) for name, text in ran.lines if name == "evaluator-0" and "accuracy" in text]
    assert len(losses) == 6
    assert losses[-1] < losses[0] / 3
    assert accuracies[-1] > 0.95
    weights = [re.findall(r"sum to (.*)", text) for _, text in ran.lines if "sum to" in text]
    assert len(weights) == 2
    assert weights[0] == weights[1]
    assert (ran.result.folder / "output" / "model" / "model.pt").is_file()


def test_a_rank_that_dies_ends_the_job(run):
    """Gloo's ranks wait for each other for half an hour: the launcher does not."""
    code = "import torch.distributed as dist\ndist.init_process_group('gloo')\nprint('met', flush=True)\n"
    code += "if role == 'worker': os.kill(os.getpid(), signal.SIGKILL)\nimport torch\ndist.all_reduce(torch.ones(1))\n"
    command = (sys.executable, "-c", PRELUDE + code + "time.sleep(100)")
    pools = (WorkerPool(replica_count=1, command=command), WorkerPool(replica_count=1, command=command))
    ran = run(Job(name="dies", worker_pools=pools))
    assert (ran.result.failed, ran.result.exit_code) == ("worker-0", 137)
    assert ran.result.seconds < 60


def test_ranks_find_what_torchrun_sets(run):
    """The same program under torchrun: the same names, and the same values but for places, ids and its own store."""
    code = f"print(json.dumps({{name: os.environ[name] for name in {list(TORCHRUN)!r} if name in os.environ}}))"
    program = f"import json, os\n{code}"
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "3", "--no-python"]
    command += [sys.executable, "-S", "-c", program]
    environment = {name: value for name, value in os.environ.items() if name not in TORCHRUN}
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, env=environment)
    theirs = sorted(map(json.loads, re.findall(r"\{.*?\}", done.stdout)), key=lambda found: found["RANK"])
    ours = [json.loads(text) for _, text in sorted(run(code, 1, 2).lines)]
    own = {"MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_RUN_ID", "TORCHELASTIC_USE_AGENT_STORE"}
    roles = {"ROLE_NAME", "ROLE_RANK", "ROLE_WORLD_SIZE"}  # torchrun's are all of one role
    assert [found.keys() for found in ours] == [found.keys() for found in theirs]
    for mine, found in zip(ours, theirs, strict=True):
        assert {name: mine[name] for name in mine.keys() - own - roles} == {
            name: found[name] for name in found.keys() - own - roles
        }
    assert [mine["ROLE_NAME"] for mine in ours] == ["chief", "worker", "worker"]
