"""`Output`: where a command's results, progress and errors go.

Results go to stdout and everything else to stderr. With `--json` stdout holds exactly one JSON document: the result,
or the error.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console, RenderableType

from hagane.errors import HaganeError
from hagane.fronts.cli.progress import RichProgress
from hagane.fronts.cli.render_error import render_error

if TYPE_CHECKING:
    from hagane.fronts.cli.study_progress import StudyProgress


class Output:
    """One command's way to its user."""

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self.console = Console(highlight=False, markup=False, emoji=False)
        self.notes = Console(stderr=True, highlight=False, markup=False, emoji=False)
        self.progress: RichProgress | StudyProgress = RichProgress(self.notes)
        self.is_quiet = json
        """Whether stdout is for a program: no text goes there."""

    def show(self, *renderables: RenderableType) -> None:
        """Show results to a person, a text's lines unbroken; nothing with `--json`.

        Where they are kept or read on, no line ends in blanks.
        """
        for renderable in () if self.is_quiet else renderables:
            is_text = isinstance(renderable, str)
            if self.console.is_terminal:
                self.console.print(renderable, soft_wrap=is_text, crop=False)
                continue
            with self.console.capture() as lines:
                self.console.print(renderable, soft_wrap=is_text, crop=False)
            self.text("".join(f"{line.rstrip()}\n" for line in lines.get().splitlines()))

    def text(self, text: str) -> None:
        """Write a result that is a text of its own (YAML), as it is: no wrapping, no markup; nothing with `--json`."""
        if not self.is_quiet:
            sys.stdout.write(text)
            sys.stdout.flush()

    def result(self, document: Any) -> None:
        """Give the result to a program; nothing without `--json`. Called once a command."""
        if self.json:
            sys.stdout.write(json_text(document) + "\n")
            sys.stdout.flush()

    def hint(self, text: str) -> None:
        """Say what to do next: to a person, behind the results."""
        if not self.json:
            self.notes.print(text, style="dim", soft_wrap=True)

    def error(self, error: HaganeError) -> None:
        """Tell why the command failed: a panel on a terminal, plain text elsewhere, JSON where it was asked for."""
        self.progress.stop()
        if self.json:
            self.result(error.as_json())
        else:
            self.notes.print(
                render_error(error, plain=not self.notes.is_terminal), soft_wrap=not self.notes.is_terminal
            )

    def interrupted(self) -> None:
        """Say that Ctrl-C was heard."""
        self.progress.stop()
        if self.json:
            self.result({"error": "Interrupted", "faults": [{"what": "interrupted"}]})
        else:
            self.notes.print("interrupted")


def json_text(document: Any) -> str:
    """The document as indented JSON; what has no JSON form of its own (paths) as text, numbers that are none as null.

    >>> from pathlib import Path
    >>> print(json_text({"path": Path("a/b"), "loss": float("nan")}))
    {
      "path": "a/b",
      "loss": null
    }
    """
    return msgspec.json.format(msgspec.json.encode(document, enc_hook=str), indent=2).decode()
