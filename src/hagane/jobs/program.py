"""`program_command`: the command of a script, of a module, or of any program."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from hagane.errors import Fault, NotFoundError, SpecError, nearest

SHELL_SUFFIXES = (".sh", ".bash", ".zsh")
MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def program_command(
    program: str, arguments: Sequence[str] = (), *, python: str | None = None, is_executable: bool = False
) -> tuple[str, ...]:
    """What runs `program`: a file as a script, else a module as `python -m` does; by this interpreter, or by `python`.

    `is_executable` (torchrun's --no-python) runs it as it is. Raises NotFoundError for what is none of them,
    SpecError for a shell's script.

    >>> program_command("trainer.task", ["--epochs", "2"], python="python3.11")
    ('python3.11', '-m', 'trainer.task', '--epochs', '2')
    """
    if is_executable:
        return (_executable(program), *arguments)
    interpreter = python or sys.executable
    path = Path(program)
    if path.is_file() and path.suffix in SHELL_SUFFIXES:
        step = f"hagane launch --no-python bash {program}"
        raise SpecError(Fault(what=f"{program} is no Python script", next_step=step))
    if path.is_file():
        return (interpreter, str(path.absolute()), *arguments)
    if MODULE.fullmatch(program) and path.suffix != ".py":
        return module_command(program, arguments, python=interpreter)
    folder = path.parent if path.parent.is_dir() else Path()
    scripts = {str(each.relative_to(folder)): each for each in folder.glob("*.py")}
    near = nearest(path.name, scripts)
    raise NotFoundError(
        Fault(
            what=f"no script at {program}",
            expected="a script (train.py) or a module (trainer.task)",
            nearest=str(scripts[near]) if near else "",
            next_step="a program that is not Python's runs with --no-python",
        )
    )


def module_command(module: str, arguments: Sequence[str] = (), *, python: str | None = None) -> tuple[str, ...]:
    """What runs a module, by this interpreter, or by `python`."""
    return (python or sys.executable, "-m", module, *arguments)


def program_name(program: str) -> str:
    """What a job is called that has no name.

    >>> program_name("examples/train_ddp.py"), program_name("trainer.task")
    ('train_ddp', 'trainer.task')
    """
    return Path(program).stem if program.endswith(".py") else Path(program).name


def _executable(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NotFoundError(Fault(what=f"no program {name}", expected="a command of $PATH, or the path of a program"))
    return found
