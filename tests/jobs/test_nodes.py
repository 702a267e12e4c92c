"""Several machines: two launchers that know each other by two addresses of this one."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest
from tests.jobs.programs import job_of

from hagane.jobs.job_result import JobResult
from hagane.jobs.launch_options import LaunchOptions
from hagane.jobs.node_link import NodeLink
from hagane.jobs.ports import PortReservation
from hagane.jobs.run_job import run_job

HOSTS = ("127.0.0.1", "127.0.0.2")
SAYS = "print(role, index, *map(os.environ.get, ('RANK', 'LOCAL_RANK', 'GROUP_RANK')), flush=True)\n"


@pytest.fixture
def first_port() -> int:
    """Twelve free ports in a row, the first of which this is."""
    with PortReservation() as reservation:
        for port in range(20_000, 32_000, 12):
            try:
                reservation.claim(range(port, port + 12))
            except Exception:
                continue
            return port
    pytest.skip("no twelve ports in a row are free")


def run_nodes(folder: Path, port: int, codes: tuple[str, str], *counts: int) -> list[JobResult]:
    """One launcher a node, each on a thread of its own; the second begins later."""
    results: dict[int, JobResult] = {}

    def node(rank: int) -> None:
        time.sleep(rank * 0.3)
        options = LaunchOptions(nodes=HOSTS, node_rank=rank, start_port=port, grace_seconds=5)
        job = job_of(SAYS + codes[rank], *counts)
        results[rank] = run_job(job, folder / str(rank), options, environment=dict(os.environ), on_event=lambda _: None)

    threads = [threading.Thread(target=node, args=(rank,)) for rank in range(len(HOSTS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return [results[rank] for rank in range(len(HOSTS))]


def test_each_machine_starts_its_part_and_all_end_together(tmp_path, first_port):
    server = "if role == 'ps': time.sleep(100)\ntime.sleep(0.5)"
    first, second = run_nodes(tmp_path, first_port, (server, server), 1, 3, 2)
    assert (first.state, second.state) == ("succeeded", "succeeded")
    assert [replica.last_lines for replica in first.replicas] == [
        ("chief 0 0 0 0",),
        ("worker 0 1 1 0",),
        ("ps 0 None None None",),
    ]
    assert [replica.last_lines for replica in second.replicas] == [
        ("worker 1 2 0 1",),
        ("worker 2 3 1 1",),
        ("ps 1 None None None",),
    ]
    assert second.replica("ps-1").was_ended  # it heard that the primary replica, on another machine, was done


def test_a_failing_replica_ends_the_job_on_every_machine(tmp_path, first_port):
    first, second = run_nodes(tmp_path, first_port, ("time.sleep(100)", "time.sleep(0.3); sys.exit(7)"), 1, 1)
    assert [(each.state, each.exit_code, each.failed) for each in (first, second)] == [("failed", 7, "worker-0")] * 2
    assert first.seconds < 10


def test_launchers_with_different_jobs_refuse_each_other(first_port):
    with NodeLink(HOSTS, 0, first_port, "job a") as first, NodeLink(HOSTS, 1, first_port, "job b") as second:
        until = time.monotonic() + 10
        while second.lost is None and time.monotonic() < until:
            first.hear()
            second.hear()
        assert first.lost == "node 1 was given a different job"
        assert second.lost == "node 0: the launchers were given different jobs"


def test_a_launcher_that_dies_is_missed(first_port):
    with NodeLink(HOSTS, 0, first_port, "a") as first:
        with NodeLink(HOSTS, 1, first_port, "a"):
            for _ in range(20):
                assert first.hear() == []
                time.sleep(0.01)
            assert first.lost is None
        until = time.monotonic() + 10
        while first.lost is None and time.monotonic() < until:
            first.hear()
        assert first.lost == "node 1 has gone"


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 100_000, b'{"type":"exit"}\n'])
def test_a_stranger_does_not_end_the_job(first_port, garbage):
    with NodeLink(HOSTS, 0, first_port, "a") as link, socket.create_connection(("127.0.0.1", first_port)) as stranger:
        stranger.sendall(garbage)
        stranger.shutdown(socket.SHUT_WR)
        for _ in range(50):
            assert link.hear() == []
            time.sleep(0.005)
        assert link.lost is None
