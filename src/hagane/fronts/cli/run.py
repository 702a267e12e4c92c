"""`run`: the command line from arguments to exit code; every error told once, in the form that was asked for."""

from __future__ import annotations

import errno
import io
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import typer.exceptions

from hagane.errors import Fault, HaganeError, StorageError
from hagane.fronts.cli.app import app
from hagane.fronts.cli.console import Output
from hagane.fronts.cli.missing_extra import missing_extra
from hagane.fronts.cli.usage_error import UsageError

EXIT_BUG = 70
"""EX_SOFTWARE of sysexits.h: an error that no user caused."""
EXIT_INTERRUPTED = 130
"""128 + SIGINT."""
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Told even where nobody says of which file: a write to a file that is open does not."""
DISK_ERRORS = (
    *FULL_DISK,
    *(errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG),
)


class InternalError(HaganeError):
    """A bug of ours."""

    exit_code = EXIT_BUG


def run(arguments: Sequence[str]) -> int:
    """Run `hagane` with `arguments`; the exit code (docs/cli.md lists them). Never raises for what a command raises."""
    _never_fail_to_encode()
    output = Output(json=asks_for_json(arguments))
    try:
        code = app(list(arguments), standalone_mode=False, prog_name="hagane")
        return _finish(code if isinstance(code, int) else 0, output)
    except HaganeError as error:
        return _fail(error, output)
    except typer.exceptions.TyperException as error:
        return UsageError.exit_code if _has_shown_help(error) else _fail(_usage_error(error, arguments), output)
    except (KeyboardInterrupt, typer.Abort):
        return _finish(EXIT_INTERRUPTED, output)
    except BrokenPipeError:
        _silence_stdout()
        return 1
    except OSError as error:
        return _fail(disk_error(error) or internal_error(error, arguments), output)
    except ModuleNotFoundError as error:
        return _fail(missing_extra(error) or internal_error(error, arguments), output)
    except Exception as error:
        return _fail(internal_error(error, arguments), output)


def asks_for_json(arguments: Sequence[str]) -> bool:
    """Whether `--json` is among the options, known even where the rest cannot be parsed.

    >>> asks_for_json(["train", "x.csv", "--json"]), asks_for_json(["predict", "--", "--json"])
    (True, False)
    """
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in options


def internal_error(error: BaseException, arguments: Sequence[str]) -> InternalError:
    """The error as its user should meet it; the whole story goes to a file."""
    kept = _save_traceback(error, arguments)
    what = f"internal error: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
    step = f"this is a bug of Hagane: please report it{_tracker()}, with that file"
    return InternalError(Fault(what=what, where=f"the full story is in {kept}", next_step=step))


def disk_error(error: OSError) -> StorageError | None:
    """What a disk refuses, such as to a file where it is full, or read-only, or not ours; None for another error."""
    if error.errno not in (DISK_ERRORS if error.filename else FULL_DISK):
        return None
    step = "make room or grant access, or choose another place (--workspace, -o, $TMPDIR)"
    return StorageError(
        Fault(what=": ".join(filter(None, [error.filename and str(error.filename), error.strerror])), next_step=step)
    )


def _finish(code: int, output: Output) -> int:
    if code == EXIT_INTERRUPTED:
        output.interrupted()
    sys.stdout.flush()
    return code


def _fail(error: HaganeError, output: Output) -> int:
    output.error(error)
    return error.exit_code


def _has_shown_help(error: typer.exceptions.TyperException) -> bool:
    """Whether the command was given nothing at all and has answered with its help (the class has no public name)."""
    return type(error).__name__ == "NoArgsIsHelpError"


def _usage_error(error: typer.exceptions.TyperException, arguments: Sequence[str]) -> UsageError:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else _command_of(arguments)
    what = error.format_message().removeprefix("Invalid value: ")  # ours, which say themselves what they are of
    return UsageError(Fault(what=what, next_step=f"{command} --help"))


def _command_of(arguments: Sequence[str]) -> str:
    """The command that the arguments begin with, where the error does not say it."""
    first = next(iter(arguments), "")
    known = {each.name or getattr(each.callback, "__name__", "") for each in app.registered_commands}
    return f"hagane {first}" if first in known else "hagane"


def _save_traceback(error: BaseException, arguments: Sequence[str]) -> str:
    from importlib.metadata import version

    now = datetime.now().astimezone()
    story = "".join(traceback.format_exception(error))
    header = f"hagane {version('hagane')}, Python {sys.version}, {now.isoformat()}\narguments: {list(arguments)}\n\n"
    try:
        name = f"hagane-error-{now:%Y%m%d-%H%M%S}-{os.getpid()}.txt"
        path = Path(tempfile.gettempdir()) / name
        path.write_text(header + story, encoding="utf-8", errors="backslashreplace")
    except OSError:
        sys.stderr.write(header + story)
        return "the lines above"
    return str(path)


def _tracker() -> str:
    """Where bugs are reported, as the package's metadata say."""
    from importlib.metadata import metadata

    urls = dict(entry.split(", ", 1) for entry in metadata("hagane").get_all("Project-URL") or [])
    return next((f" at {url}" for name, url in urls.items() if name.lower() in ("issues", "bug tracker")), "")


def _never_fail_to_encode() -> None:
    """A terminal that lacks a character shows '?' instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _silence_stdout() -> None:
    """The reader of our output has gone: let the interpreter's last flush go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
