"""`Heard`: progress that keeps its notes."""

from __future__ import annotations

from typing import Any

from hagane.progress import SILENT, Phase
from hagane.progress.events import Event


class Heard:
    """Silent but for what is said to the user."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def phase(self, name: str, **about: Any) -> Phase:
        return SILENT.phase(name, **about)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def tell(self, event: Event) -> None:
        pass
