"""A Dockerfile, followed step by step in roots of a file system, where no Docker is.

Each stage is a copy of one clean root (made by debootstrap: Debian bookworm with its Python); RUN and the image's own
processes run in it by chroot. What an instruction is not known to do, this refuses.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

OF_THE_MACHINE = ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")
"""How this machine finds a package index; copied while packages are installed."""


@dataclass
class Stage:
    """The file system of a stage, and what its instructions say of its processes."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": "/usr/local/bin:/usr/bin:/bin"})
    user: str = "0:0"
    folder: str = "/"
    entry: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    stop_signal: str = "SIGTERM"
    ports: list[int] = field(default_factory=list)

    def at(self, path: str) -> Path:
        return self.root / os.path.join(self.folder, path).lstrip("/")

    def start(self, command: list[str], **environment: str) -> subprocess.Popen[str]:
        """A process of the image, with nothing of this machine's environment."""
        inside = 'cd "$0" && exec "$@"'
        program = shutil.which("chroot") or "/usr/sbin/chroot"
        chroot = [program, f"--userspec={self.user}", str(self.root), "/bin/sh", "-c", inside, self.folder, *command]
        return subprocess.Popen(chroot, env=self.environment | environment, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, start_new_session=True)  # fmt: skip

    def run(self, command: list[str], **environment: str) -> str:
        process = self.start(command, **environment)
        said, _ = process.communicate(timeout=600)
        assert process.returncode == 0, said
        return said


def build(context: Path, clean: Path, folder: Path) -> Stage:
    """Follow the Dockerfile of `context`, from the root `clean`; the last stage."""
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    arguments: dict[str, str] = {}
    for instruction, rest in instructions((context / "Dockerfile").read_text()):
        if instruction == "ARG":
            name, _, value = rest.partition("=")
            arguments[name] = value
        elif instruction == "FROM":
            image, _, name = re.sub(r"\$\{(\w+)\}", lambda m: arguments[m[1]], rest).partition(" AS ")
            assert re.fullmatch(r"python:3\.11-slim-bookworm", image), image
            stage = stages[name or "last"] = Stage(copy_of(clean, folder / (name or "last")))
        else:
            assert stage is not None
            follow(stage, instruction, rest, context, stages)
    assert stage is not None
    return stage


def instructions(text: str) -> list[tuple[str, str]]:
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    return [(line.split(None, 1)[0], line.split(None, 1)[1].strip()) for line in lines if line.strip()]


def follow(stage: Stage, instruction: str, rest: str, context: Path, stages: dict[str, Stage]) -> None:
    if instruction == "WORKDIR":
        stage.folder = os.path.join(stage.folder, rest)
        stage.at("").mkdir(parents=True, exist_ok=True)
    elif instruction == "COPY":
        copy(stage, shlex.split(rest), context, stages)
    elif instruction == "ENV":
        for pair in shlex.split(rest):
            name, _, value = pair.partition("=")
            stage.environment[name] = re.sub(r"\$(\w+)", lambda m: stage.environment[m[1]], value)
    elif instruction == "RUN":
        of_the_machine = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        stage.run(["/bin/sh", "-c", rest], **of_the_machine)
    elif instruction == "USER":
        stage.user = rest
    elif instruction == "EXPOSE":
        stage.ports = [int(port) for port in rest.split()]
    elif instruction == "STOPSIGNAL":
        stage.stop_signal = rest
    elif instruction == "HEALTHCHECK":
        stage.health = json.loads(rest.split("CMD ", 1)[1])
    elif instruction == "ENTRYPOINT":
        stage.entry = json.loads(rest)
    else:
        assert instruction == "LABEL", instruction


def copy(stage: Stage, words: list[str], context: Path, stages: dict[str, Stage]) -> None:
    """What `.dockerignore` leaves out is not there to be copied."""
    origin = context
    if words[0].startswith("--from="):
        origin = stages[words.pop(0).removeprefix("--from=")].root
    source, target = origin / words[0].lstrip("/"), words[1]
    if origin == context:
        kept = [line.lstrip("!") for line in (context / ".dockerignore").read_text().split() if line[0] == "!"]
        assert words[0] in kept, f"{words[0]} is ignored"
    place = stage.at(target)
    if source.is_dir():
        shutil.copytree(source, place, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(source, place / source.name if target.endswith("/") else place)


def copy_of(clean: Path, place: Path) -> Path:
    """The clean root, with the names that Python's official images give to Python, and the way to the index."""
    subprocess.run(["cp", "-a", "--reflink=auto", str(clean), str(place)], check=True)
    for name, target in (("python", "/usr/bin/python3"), ("python3", "/usr/bin/python3"), ("pip", "/usr/bin/pip3")):
        link = place / "usr/local/bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    for path in OF_THE_MACHINE:
        if Path(path).is_file():
            (place / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place / path.lstrip("/"))
    return place


def size_of(root: Path) -> int:
    """Bytes of all files, links not followed."""
    return sum(path.lstat().st_size for path in root.rglob("*") if not path.is_symlink() and path.is_file())


def end(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> int:
    """Signal it; its exit code."""
    process.send_signal(number)
    return process.wait(timeout=60)
