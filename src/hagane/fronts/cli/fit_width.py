"""`FitWidth`: what is drawn for the width that there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich.console import Console, ConsoleOptions, RenderableType


class FitWidth:
    """A renderable that is made when the terminal's width is known: `FitWidth(lambda width: …)`."""

    def __init__(self, draw: Callable[[int], RenderableType]) -> None:
        self._draw = draw

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield self._draw(options.max_width)
