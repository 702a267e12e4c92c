"""`python killed_at_changes.py FOLDER SPEC FIRST STEP`: trainings that are killed before a change of their files.

Every change that Python makes under FOLDER (a file opened to be written, a rename, a folder made or removed) has a
number. A training is killed before change FIRST, the next before FIRST + STEP, and so on to the last; each is
then trained again to its end. Writes, as a JSON line each, what was about to change and what is left at the end.
Processes are forks of one that has loaded everything: each training takes what it takes, and not seconds of loading.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import hagane.workflow.train as _  # noqa: F401
from hagane.models import family_options, get_family
from hagane.spec.read_yaml import read_yaml
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

CHANGES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "shutil.rmtree", "os.truncate"}
DIFFERENT = {"lineage.json", "model_card.md", "model_card.html", "MANIFEST.json"}
"""What holds the time of day, and the hash of that."""


def main(folder: Path, spec_path: Path, first: int, step: int) -> None:
    """One moment after another."""
    spec = read_yaml(spec_path.read_text())
    get_family(spec.model.type)
    family_options(spec.model.type, spec.model.options)
    expected = None
    number = 0
    while True:
        place = folder / str(number)
        place.mkdir(parents=True)
        killed = forked(place, spec, number)
        if number:
            registered = len(Workspace(place / "home").list())
            code = forked(place, spec, 0)
        else:
            registered, code = 0, killed
        found = [hashes(version.path) for version in Workspace(place / "home").list()]
        expected = expected or found[0]
        line = {"number": number, "change": about(place), "killed": killed, "code": code,
                "registered": registered, "versions": len(found),
                "different": sorted({name for each in found for name in each if each[name] != expected.get(name)}),
                "left": left(place)}  # fmt: skip
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        if number and killed == 0:
            return
        number = number + step if number else first


def forked(place: Path, spec: Any, number: int) -> int:
    """Train in a process of its own, killed before its change `number` (0: not): how it ended."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            home, temporary = place / "home", place / "tmp"
            temporary.mkdir(exist_ok=True)
            os.environ["TMPDIR"] = str(temporary)
            if number:
                sys.addaudithook(Killer(place, number))
            train(spec, workspace=Workspace(home))
            code = 0
        except BaseException:
            traceback.print_exc()
        sys.stderr.flush()
        exit_quietly(code)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def exit_quietly(code: int) -> None:
    """With what is done at the end of a process (temporary folders go), without what follows in this program."""
    import atexit
    import gc

    gc.collect()
    atexit._run_exitfuncs()
    os._exit(code)


class Killer:
    """Counts changes, and kills the process before one."""

    def __init__(self, place: Path, number: int) -> None:
        self.place, self.left = place, number
        self.watched = str(place)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not isinstance(flags, int) or not flags & (os.O_WRONLY | os.O_RDWR):
                return
        elif event in CHANGES:
            path = arguments[0]
        else:
            return
        if not isinstance(path, str | os.PathLike) or not str(path).startswith(self.watched):
            return
        self.left -= 1
        if self.left == 0:
            descriptor = os.open(self.place.parent / f"{self.place.name}.change", os.O_CREAT | os.O_WRONLY)
            os.write(descriptor, f"{event} {str(path).removeprefix(self.watched)}".encode())
            os.kill(os.getpid(), signal.SIGKILL)


def about(place: Path) -> str:
    path = place.with_name(f"{place.name}.change")
    return path.read_text() if path.exists() else ""


def hashes(bundle: Path) -> dict[str, str]:
    files = (path for path in sorted(bundle.iterdir()) if path.name not in DIFFERENT)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def left(place: Path) -> list[str]:
    """What nobody needs any more."""
    home = place / "home"
    found = [*(home / "scratch").iterdir(), *(home / "runs").iterdir(), *(place / "tmp").glob("hagane*")]
    found += [path for path in (home / "models").rglob("*") if path.name.startswith(".")]
    found += [path for path in (home / "cache").iterdir() if path.suffix != ".column"]
    return sorted(str(path.relative_to(place)) for path in found)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
