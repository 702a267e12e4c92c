"""Ports are free, and stay the launcher's."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from hagane.errors import TrainingError
from hagane.jobs import ports
from hagane.jobs.ports import PortReservation


def test_two_launchers_never_choose_the_same_port(monkeypatch):
    with PortReservation() as first:
        taken = first.take(3)
        monkeypatch.setattr(ports, "_candidates", lambda: iter([*taken, 31_999]))
        with PortReservation() as second:
            assert second.take(0) == []
            with pytest.raises(TrainingError):
                second.take(2)
            with pytest.raises(TrainingError, match=f"port {taken[1]} is in use"):
                second.claim(taken[1:])


def test_a_program_can_listen_on_a_reserved_port():
    with PortReservation() as reservation:
        (port,) = reservation.take(1)
        with socket.socket() as plain:  # no SO_REUSEADDR: the hardest case
            plain.bind(("127.0.0.1", port))
            plain.listen()


def test_a_port_where_somebody_listens_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as server, PortReservation() as reservation:
        port = server.getsockname()[1]
        with pytest.raises(TrainingError, match=f"port {port} is in use"):
            reservation.claim([port])


def test_ports_are_not_those_that_the_system_gives_out():
    with PortReservation() as reservation:
        low, high = ports._ephemeral_range()
        if low - ports.FIRST_PORT < ports.FEWEST:
            pytest.skip(f"the system gives out ports from {low} on")
        assert all(not low <= port <= high for port in reservation.take(20))


def test_a_killed_launcher_leaves_no_port_taken():
    program = "from hagane.jobs.ports import *\nimport time\nheld = PortReservation()\n"
    program += "print(*held.take(1), flush=True)\ntime.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = int(process.stdout.readline())
    with PortReservation() as reservation, pytest.raises(TrainingError):
        reservation.claim([port])
    process.kill()
    process.wait()
    process.stdout.close()
    with PortReservation() as reservation:
        reservation.claim([port])
