"""Draw docs/demo.svg, the README's picture: what `hagane demo` shows, less its progress, some tables and the SQL.

python docs/record_demo.py
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 88
KEEP = (("Hagane", 1), (" 1 ", 1), ("column ", 12), ("suspected leak", 3), (" 4 ", 13), (" 5 ", 17), (" done ", 8))
"""How a shown part begins, and how many lines it has."""


def main() -> None:
    """Run the demo and draw what it shows."""
    environment = os.environ | {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TTY_COMPATIBLE": "1"}
    command = [str(Path(sys.executable).with_name("hagane")), "demo"]
    shown = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True).stdout
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in chosen(Text.from_ansi(shown).split("\n", allow_blank=True)):
        console.print(line, soft_wrap=False, overflow="crop")
    console.save_svg(str(Path(__file__).with_name("demo.svg")), title="make demo")


def chosen(lines: list[Text]) -> list[Text]:
    """The lines of the parts named in KEEP, a blank line between two parts."""
    found: list[Text] = []
    for begin, count in KEEP:
        start = next(number for number, line in enumerate(lines) if line.plain.startswith(begin))
        found += [*lines[start : start + count], Text("")]
    return found


if __name__ == "__main__":
    main()
