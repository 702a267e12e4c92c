"""SIGTERM during a command: an exit code of its own, promptly, whatever the command is doing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import functools, hashlib, sys, time
from hagane.errors import Fault, PreemptedError
from hagane.fronts.cli.termination import Termination
from hagane.training.preemption import Preemption

say = functools.partial(print, "here", flush=True)

def work():
    {work}

try:
    with Termination(save_seconds={save}, last_seconds=0.3):
        work()
    print("done")
except PreemptedError as error:
    print(error)
    sys.exit(error.exit_code)
except KeyboardInterrupt:
    print("interrupted")
    sys.exit(130)
"""
SLEEPING = """
    say()
    time.sleep(60)
"""
STUBBORN = """
    while True:
        try:
            say()
            time.sleep(60)
        except KeyboardInterrupt:
            pass
"""
"""Hears no exception."""
POLLING = """
    with Preemption() as notice:
        say()
        while not notice.requested:
            time.sleep(0.01)
        time.sleep(0.2)
        raise PreemptedError("saved")
"""
"""A fit between two steps."""
DEAF = """
    with Preemption():
        say()
        time.sleep(60)
"""
"""A fit that does not ask."""
IN_C = """
    say()
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
"""
"""A call of a library during which no handler of Python's runs."""


def started(work: str, save: float = 0.5) -> subprocess.Popen[str]:
    program = PROGRAM.format(work=work.strip(), save=save)
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    return process


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    try:
        stdout, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, stdout, stderr


def test_work_without_a_state_ends_at_once() -> None:
    process = started(SLEEPING)
    process.send_signal(signal.SIGTERM)
    code, said, wrong = ended(process)
    assert (code, wrong) == (75, "")
    assert "the command was told to end (SIGTERM)" in said
    assert "run the same command again" in said


def test_a_fit_saves_first() -> None:
    process = started(POLLING)
    process.send_signal(signal.SIGTERM)
    assert ended(process) == (75, "saved\n", "")


@pytest.mark.parametrize("work", [STUBBORN, DEAF, IN_C], ids=["stubborn", "deaf", "in C"])
def test_what_hears_of_nothing_is_ended_in_time(work: str) -> None:
    process = started(work)
    time.sleep(0.3)  # into what it does after it has said so
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    code, _, wrong = ended(process)
    assert (code, wrong) == (75, "")
    assert time.monotonic() - begun > 0.4


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 75), (signal.SIGINT, 130)])
def test_a_second_signal_ends_at_once(number: signal.Signals, code: int) -> None:
    process = started(STUBBORN, save=60)
    process.send_signal(number)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"  # it has heard, and goes on
    process.send_signal(number)
    assert ended(process)[0] == code


def test_ctrl_c_is_still_ctrl_c() -> None:
    process = started(SLEEPING)
    process.send_signal(signal.SIGINT)
    assert ended(process) == (130, "interrupted\n", "")


def test_an_error_on_the_way_out_is_not_told() -> None:
    process = started("""
    try:
        say()
        time.sleep(60)
    finally:
        raise OSError("what an interrupted library raises")
    """)
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 75


def test_handlers_are_those_of_before_afterwards() -> None:
    program = (
        "import signal\nfrom hagane.fronts.cli.termination import Termination\n"
        "before = signal.getsignal(signal.SIGTERM), signal.set_wakeup_fd(-1)\n"
        "for _ in range(3):\n    with Termination():\n        pass\n"
        "print(before == (signal.getsignal(signal.SIGTERM), signal.set_wakeup_fd(-1)))\n"
        "import threading\nprint(threading.active_count())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == ("True\n1\n", "")


def test_a_notice_after_the_work_changes_no_exit_code() -> None:
    """An interpreter that has loaded torch takes most of a second to take itself down."""
    tell_at_exit = "import atexit, os, signal, sys; atexit.register(os.kill, os.getpid(), signal.SIGTERM)"
    code = f"{tell_at_exit}; sys.argv = ['hagane', '--version']; from hagane.fronts.cli.__main__ import main; main()"
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, timeout=60).returncode == 0
