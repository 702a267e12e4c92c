"""Jobs of real processes: how they end, what is shown and kept of them, and that nothing is left."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest
from tests.jobs.programs import is_alive, job_of, program

from hagane.errors import SpecError, TrainingError
from hagane.jobs.devices import num_gpus
from hagane.jobs.events import Event, Exited, Line, Note, Restarted, Started
from hagane.jobs.job import Job, WorkerPool
from hagane.jobs.replica_environment import TORCHRUN

FOREVER = "\ntime.sleep(100)"


def test_a_job_succeeds_when_all_have_ended_well(run):
    ran = run("print(role, index)", 1, 2)
    assert (ran.result.state, ran.result.exit_code) == ("succeeded", 0)
    assert sorted(ran.lines) == [("chief-0", "chief 0"), ("worker-0", "worker 0"), ("worker-1", "worker 1")]
    assert [replica.exit_code for replica in ran.result.replicas] == [0, 0, 0]
    assert ran.log("worker-1") == b"worker 1\n"


@pytest.mark.parametrize(
    ("ending", "code", "how"),
    [
        ("sys.exit(3)", 3, "exit code 3"),
        ("sys.exit(255)", 255, "exit code 255"),
        ("raise ValueError('no such column')", 1, "exit code 1"),
        ("os.kill(os.getpid(), signal.SIGKILL)", 137, "ended by SIGKILL"),
        ("os.abort()", 134, "ended by SIGABRT"),
    ],
)
def test_one_failing_replica_ends_the_job_with_its_code(run, ending, code, how):
    ran = run(f"if (role, index) == ('worker', 1):\n    print('oh no', flush=True)\n    {ending}{FOREVER}", 1, 2, 1)
    assert (ran.result.state, ran.result.exit_code, ran.result.failed) == ("failed", code, "worker-1")
    failed = ran.result.replica("worker-1")
    assert failed.how == how
    assert failed.last_lines[0] == "oh no"
    assert all(each.was_ended for each in ran.result.replicas if each is not failed)
    assert ran.result.seconds < 10


def test_the_traceback_is_among_the_last_lines(run):
    ran = run("print('x' * 9000, flush=True)\nraise ValueError('no such column')")
    assert ran.result.replica("chief-0").last_lines[-1] == "ValueError: no such column"
    assert max(map(len, ran.result.replica("chief-0").last_lines)) == 2000
    lines = [index for index, event in enumerate(ran.events) if isinstance(event, Line)]
    exited = [index for index, event in enumerate(ran.events) if isinstance(event, Exited)]
    assert max(lines) < exited[0]


def test_parameter_servers_are_ended_and_that_is_success(run):
    ran = run(f"if role == 'ps':{FOREVER[1:].rjust(20)}", 1, 2, 2)
    assert ran.result.state == "succeeded"
    servers = [replica for replica in ran.result.replicas if replica.name.startswith("ps")]
    assert [(each.was_ended, each.signal) for each in servers] == [(True, "SIGTERM")] * 2


def test_an_evaluator_may_finish_after_training(run):
    ran = run("time.sleep(1.0 if role == 'evaluator' else 0)\nprint('done')", 1, 0, 0, 1)
    assert ran.result.state == "succeeded"
    assert not ran.result.replica("evaluator-0").was_ended


def test_what_does_not_end_by_itself_is_ended_in_time(run):
    ran = run(f"if role != 'chief':{FOREVER[1:].rjust(20)}", 1, 1, 1, 1, finish_seconds=0.3)
    assert ran.result.state == "succeeded"
    assert all(each.was_ended for each in ran.result.replicas[1:])


def test_a_replica_that_ignores_sigterm_is_killed_after_the_grace_period(run):
    code = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready', flush=True)"
    code += "\ntime.sleep(0.5)\nif role == 'chief': sys.exit(4)" + FOREVER
    ran = run(code, 1, 1, grace_seconds=0.5)
    assert ran.result.exit_code == 4
    assert ran.result.replica("worker-0").signal == "SIGKILL"
    assert 0.5 < ran.result.replica("worker-0").seconds < 5


def test_a_replica_can_save_its_state_within_the_grace_period(run):
    code = """
def save(number, frame):
    time.sleep(0.3)
    print("saved", flush=True)
    sys.exit(75)
signal.signal(signal.SIGTERM, save)
print("ready", flush=True)
if role == "chief": time.sleep(0.5); sys.exit(4)
"""
    ran = run(code + FOREVER, 1, 1)
    assert ("worker-0", "saved") in ran.lines
    assert ran.result.replica("worker-0").exit_code == 75
    assert ran.result.exit_code == 4


CHILD = """
child = subprocess.Popen([sys.executable, "-S", "-c", {child!r}], start_new_session={session})
print(child.pid, flush=True)
time.sleep(0.5)
"""
IGNORES = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(100)"


@pytest.mark.parametrize("child", ["import time; time.sleep(100)", IGNORES])
def test_what_a_replica_leaves_behind_is_ended_too(run, child):
    ran = run(CHILD.format(child=child, session=False), grace_seconds=0.5)
    assert ran.result.state == "succeeded"
    assert not is_alive(int(ran.lines[0][1]))


def test_a_process_that_left_its_group_does_not_hold_the_job(run):
    ran = run(CHILD.format(child="import time; time.sleep(4)", session=True))
    assert ran.result.state == "succeeded"
    assert ran.result.seconds < 3


def test_the_shell_of_a_command_passes_the_end_on(run):
    """A shell that dies of SIGTERM leaves its child, which is then asked itself."""
    inner = "import signal,sys,time\nsignal.signal(15, lambda *_: (print('saved', flush=True), sys.exit()))\n"
    inner += "print('ready', flush=True)\ntime.sleep(100)"
    shell = ("bash", "-c", f'{program("")[0]} -S -c "{inner}"; echo never')
    pools = (
        WorkerPool(replica_count=1, command=program("time.sleep(1); sys.exit(9)")),
        WorkerPool(replica_count=1, command=shell),
    )
    ran = run(Job(name="shell", worker_pools=pools))
    assert ("worker-0", "saved") in ran.lines
    assert ran.result.exit_code == 9


def test_ten_megabytes_without_a_newline_are_kept_whole_and_shown_in_part(run):
    ran = run("sys.stdout.buffer.write(b'x' * 10_000_000)\nprint('\\nend')")
    assert ran.log("chief-0") == b"x" * 10_000_000 + b"\nend\n"
    assert ran.lines[-1] == ("chief-0", "end")
    assert len(ran.lines[0][1]) < 70_000


def test_bytes_that_are_no_text_are_kept_as_they_are(run):
    ran = run("sys.stdout.buffer.write(b'a\\xff\\x00\\x1b[2J\\rb\\nc')")
    assert ran.log("chief-0") == b"a\xff\x00\x1b[2J\rb\nc"
    assert ran.lines == [("chief-0", "b"), ("chief-0", "c")]


def test_both_streams_keep_their_order_and_lines_are_whole(run):
    code = (
        "for i in range(2000):\n    print(role, index, i, 'x' * 100, file=(sys.stdout, sys.stderr)[i % 2], flush=True)"
    )
    ran = run(code, 1, 2)
    for name in ("chief-0", "worker-0", "worker-1"):
        role, index = name.split("-")
        texts = [text for replica, text in ran.lines if replica == name]
        assert texts == [f"{role} {index} {i} {'x' * 100}" for i in range(2000)]


def test_lines_come_as_they_are_written(run):
    seen: list[tuple[float, str]] = []

    def see(event: Event) -> None:
        if isinstance(event, Line):
            seen.append((time.monotonic(), event.text))

    run("print('one'); time.sleep(1); print('two')", on_event=see)  # without a flush: Python is told not to buffer
    assert [text for _, text in seen] == ["one", "two"]
    assert seen[1][0] - seen[0][0] > 0.9


def test_a_replica_finds_its_variables(run, monkeypatch):
    monkeypatch.setenv("RANK", "77")  # of a torchrun around the launcher
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    names = [*TORCHRUN, "TF_CONFIG", "CLUSTER_SPEC", "CLOUD_ML_JOB", "CLOUD_ML_JOB_ID", "OMP_NUM_THREADS"]
    code = f"print(json.dumps({{name: os.environ[name] for name in {names!r} if name in os.environ}}))"
    ran = run(code + "\nif role == 'chief': time.sleep(0.7)", 1, 1, 1, threads_per_replica=3)
    found = {name: json.loads(text) for name, text in ran.lines}
    config, spec = json.loads(found["worker-0"]["TF_CONFIG"]), json.loads(found["worker-0"]["CLUSTER_SPEC"])
    assert config["task"] == {"type": "worker", "index": 0}
    assert spec["cluster"]["workerpool2"] == config["cluster"]["ps"]
    expected = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "GROUP_RANK": "0"}
    assert {name: found["worker-0"][name] for name in expected} == expected
    assert found["chief-0"]["MASTER_PORT"] == found["worker-0"]["MASTER_PORT"]
    assert not set(TORCHRUN) & found["ps-0"].keys()
    assert found["ps-0"]["OMP_NUM_THREADS"] == "3"
    assert found["ps-0"]["CLOUD_ML_JOB_ID"] == ran.result.folder.name


def test_where_outputs_go(run, tmp_path):
    names = ["AIP_MODEL_DIR", "AIP_CHECKPOINT_DIR", "AIP_TENSORBOARD_LOG_DIR"]
    code = f"print(*(os.environ[name] for name in {names!r}))\nopen(os.environ['AIP_MODEL_DIR'] + 'm', 'w').close()"
    ran = run(code)
    output = ran.result.folder / "output"
    assert ran.lines[0][1].split() == [f"{output}/model/", f"{output}/checkpoints/", f"{output}/logs/"]
    assert [each.name for each in output.iterdir()] == ["model"]
    pools = (WorkerPool(replica_count=1, command=program(code.splitlines()[0])),)
    elsewhere = run(Job(name="b", worker_pools=pools, base_output_directory="gs://bucket/out"))
    assert elsewhere.lines[0][1].split()[0] == "gs://bucket/out/model/"


def test_gpus_are_divided_among_those_that_train(run, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6,7,8")
    code = (
        "print(os.environ['CUDA_VISIBLE_DEVICES'] or '-', os.environ.get('LOCAL_RANK'), os.environ.get('GROUP_RANK'))"
    )
    slow = "\nif role == 'chief': time.sleep(0.7)"
    assert dict(run(code + slow, 1, 1, 1).lines) == {"chief-0": "4,5 0 0", "worker-0": "6,7 0 1", "ps-0": "- None None"}
    assert dict(run(code, 1, 1, gpus_per_replica=0).lines)["worker-0"] == "4,5,6,7,8 1 0"
    with pytest.raises(SpecError, match="2 replicas with 3 GPUs of its own each"):
        run(code, 1, 1, gpus_per_replica=3)


def test_gpus_are_counted_where_a_container_shows_those_of_the_host(tmp_path):
    driver, devices = tmp_path / "gpus", tmp_path / "dev"
    assert num_gpus(driver, devices) == 0
    for name in ("nvidia0", "nvidia7", "nvidiactl", "nvidia-uvm"):
        (devices / name).mkdir(parents=True)
    assert num_gpus(driver, devices) == 2
    for name in ("a", "b", "c"):
        (driver / name).mkdir(parents=True)
    assert num_gpus(driver, devices) == 2


def test_a_failed_job_starts_anew_as_often_as_it_may(run):
    code = "restart = os.environ['TORCHELASTIC_RESTART_COUNT']\nprint(restart, os.environ['MASTER_PORT'])"
    code += "\nif role == 'worker' and restart != '2': sys.exit(5)\ntime.sleep(0.4)"
    ran = run(code, 1, 1, max_restarts=3)
    assert (ran.result.state, ran.result.num_restarts) == ("succeeded", 2)
    assert [event.failed for event in ran.events if isinstance(event, Restarted)] == ["worker-0", "worker-0"]
    assert [event.restart for event in ran.events if isinstance(event, Started)] == [0, 0, 1, 1, 2, 2]
    assert ran.log("worker-0.restart-1").startswith(b"1 ")
    ended = run("sys.exit(6)", max_restarts=1)
    assert (ended.result.exit_code, ended.result.num_restarts) == (6, 1)


def test_a_full_disk_ends_the_log_and_not_the_job(run, monkeypatch):
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hagane.jobs.replica_output.os.write", full)
    ran = run("print('still here')")
    assert ran.result.state == "succeeded"
    assert ran.lines == [("chief-0", "still here")]
    notes = [event.text for event in ran.events if isinstance(event, Note)]
    assert "the log of chief-0 is not whole: No space left on device" in notes


def test_a_program_that_cannot_be_started_leaves_no_replica(run):
    pids: list[int] = []
    pools = (WorkerPool(replica_count=1, command=program(FOREVER)), WorkerPool(replica_count=1, command=("/no/such",)))
    see = lambda event: pids.append(event.pid) if isinstance(event, Started) else None  # noqa: E731
    with pytest.raises(TrainingError, match="worker-0 cannot be started: /no/such: No such file"):
        run(Job(name="a", worker_pools=pools), on_event=see)
    assert len(pids) == 1
    assert not is_alive(pids[0])


def test_a_listener_that_fails_leaves_no_replica(run):
    pids: list[int] = []

    def see(event: Event) -> None:
        if isinstance(event, Started):
            pids.append(event.pid)
        if isinstance(event, Line):
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run("print('a', flush=True)" + FOREVER, 1, 2, on_event=see)
    assert len(pids) == 3
    assert not any(map(is_alive, pids))


def test_a_thread_can_launch_too(run):
    found = []
    thread = threading.Thread(target=lambda: found.append(run("print('from a thread')").result.state))
    thread.start()
    thread.join(30)
    assert found == ["succeeded"]


def test_no_descriptors_and_no_handlers_are_left(run):
    before = set(os.listdir("/proc/self/fd")), signal.getsignal(signal.SIGTERM)
    run("print(1)", 1, 2, 1)
    run("sys.exit(3)", 1, 1, max_restarts=1)
    assert (set(os.listdir("/proc/self/fd")), signal.getsignal(signal.SIGTERM)) == before


def test_start_port_gives_ports_in_order_and_is_refused_where_one_is_taken(run, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(TrainingError, match=f"port {port} is in use"):
            run("pass", 1, 1, start_port=port - 1)
    assert list((tmp_path / "jobs").iterdir()) == []


def test_every_fault_is_told_at_once(run):
    with pytest.raises(SpecError) as raised:
        run(job_of("pass", 2, -1), max_restarts=-1, threads_per_replica=0, node_rank=3)
    assert len(raised.value.faults) == 5


def test_a_launcher_of_several_machines_does_not_guess_which_one_it_is(run, monkeypatch):
    for name in ("NODE_RANK", "SLURM_NODEID"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SpecError, match="which of the machines is this one") as raised:
        run("pass", nodes=("a", "b"))
    assert raised.value.faults[0].expected == "0 to 1: 0 is a, 1 is b"
    monkeypatch.setenv("NODE_RANK", "2")
    with pytest.raises(SpecError, match="there is no node 2"):
        run("pass", nodes=("a", "b"))
    assert run("pass", nodes=("127.0.0.1",)).result.state == "succeeded"


def test_the_record_holds_no_secret(run):
    pool = WorkerPool(replica_count=1, command=program("print(len(os.environ['KEY']))"), env={"KEY": "hush"})
    ran = run(Job(name="a", worker_pools=(pool,)))
    assert ran.lines == [("chief-0", "4")]
    assert "hush" not in (ran.result.folder / "job.json").read_text()
    assert json.loads((ran.result.folder / "job.json").read_text())["worker_pools"][0]["env"] == ["KEY"]


def test_of_two_that_ended_at_once_the_killed_one_is_the_cause(run):
    """While the launcher waits for a slow listener both end: the one that was killed did not notice the other."""

    def see(event: Event) -> None:
        if isinstance(event, Line):
            time.sleep(0.5)

    code = "print('on', flush=True)\nif role == 'worker': os.kill(os.getpid(), signal.SIGKILL)"
    code += "\ntime.sleep(0.1)\nsys.exit(1)"
    ran = run(code, 1, 1, on_event=see)
    assert (ran.result.failed, ran.result.exit_code) == ("worker-0", 137)


def test_the_record_says_what_ran_and_how_it_ended(run):
    ran = run("sys.exit(3)", 1, 1)
    record = json.loads((ran.result.folder / "job.json").read_text())
    assert record["cluster"].keys() == {"chief-0", "worker-0"}
    assert record["result"]["state"] == "failed"
    assert record["worker_pools"][0]["command"][0] == program("")[0]


def test_two_jobs_of_one_second_have_folders_of_their_own(run):
    folders = {run("pass").result.folder for _ in range(3)}
    assert len(folders) == 3
    assert all(isinstance(folder, Path) for folder in folders)
