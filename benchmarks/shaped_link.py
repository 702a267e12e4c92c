"""`ShapedLink`: two machines joined by a slow cable, as network namespaces of this one; Linux, root, `ip` and `tc`."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

DEVICE = "cable"
ADDRESSES = ("10.97.0.1", "10.97.0.2")
BURST = "256kb"
"""Of the token bucket: 32 kb halve 1 Gbit/s, one larger than a message hides what it costs."""
SETTINGS = ("net.ipv4.tcp_congestion_control=reno", "net.ipv4.tcp_slow_start_after_idle=0")

_numbers = itertools.count()


def missing() -> str:
    """Why there can be no shaped link here; empty where there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if lacking := [name for name in ("ip", "tc", "sysctl") if shutil.which(name) is None]:
        return f"the commands {', '.join(lacking)} are not there"
    try:
        with ShapedLink() as link:
            link.shape(50)
    except subprocess.CalledProcessError as error:
        return f"{' '.join(error.cmd)}: {error.stderr.strip()}"
    return ""


class ShapedLink:
    """`with` it; whatever still runs on the two machines ends with it, and they are gone afterwards."""

    def __init__(self) -> None:
        number = next(_numbers)
        self.names = [f"hagane-{os.getpid()}-{number}-{side}" for side in range(2)]
        self._processes: list[subprocess.Popen[Any]] = []

    def __enter__(self) -> Self:
        _remove_left_behind()
        try:
            for name in self.names:
                call("ip", "netns", "add", name)
            first, second = self.names
            call("ip", "link", "add", DEVICE, "netns", first, "type", "veth", "peer", "name", DEVICE, "netns", second)
            for name, address in zip(self.names, ADDRESSES, strict=True):
                call("ip", "-n", name, "address", "add", f"{address}/24", "dev", DEVICE)
                call("ip", "-n", name, "link", "set", DEVICE, "up")
                call("ip", "-n", name, "link", "set", "lo", "up")
                for setting in SETTINGS:
                    call("ip", "netns", "exec", name, "sysctl", "-q", setting)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)

    def shape(self, megabits: int | None) -> None:
        """Let either end send so many Mbit/s; None: as many as it can."""
        for name in self.names:
            subprocess.run(
                ["tc", "-n", name, "qdisc", "delete", "dev", DEVICE, "root"], capture_output=True, check=False
            )
            if megabits is not None:
                call("tc", "-n", name, "qdisc", "add", "dev", DEVICE, "root", "tbf",
                     "rate", f"{megabits}mbit", "burst", BURST, "latency", "200ms")  # fmt: skip

    def start(self, side: int, command: Sequence[str], **settings: Any) -> subprocess.Popen[Any]:
        """Start a program on one of the machines."""
        environment = os.environ | {
            "GLOO_SOCKET_IFNAME": DEVICE,
            "MASTER_ADDR": ADDRESSES[0],
            "TORCH_CPP_LOG_LEVEL": "ERROR",
        }
        process = subprocess.Popen(["ip", "netns", "exec", self.names[side], *command], env=environment, **settings)
        self._processes.append(process)
        return process


def sent_bytes() -> int:
    """What this process's machine has sent over the cable so far, headers counted."""
    return int(Path(f"/sys/class/net/{DEVICE}/statistics/tx_bytes").read_text())


def call(*command: str) -> str:
    """Its output. Raises CalledProcessError, with what it says."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _remove_left_behind() -> None:
    """Namespaces of processes that were killed."""
    for name in re.findall(r"^(hagane-\d+-\d+-\d)\b", call("ip", "netns", "list"), re.MULTILINE):
        if not Path(f"/proc/{name.split('-')[1]}").exists():
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
