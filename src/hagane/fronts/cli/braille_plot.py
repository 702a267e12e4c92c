"""`braille_plot`: a scatter plot in a few characters, eight dots each."""

from __future__ import annotations

from collections.abc import Iterable

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Unicode's numbering of a cell's dots, by row from the top and by column."""


def braille_plot(points: Iterable[tuple[float, float]], width: int, height: int) -> list[str]:
    """Points in the unit square, (0, 0) bottom left, as `height` lines of `width` characters.

    >>> braille_plot([(0, 0), (0.5, 0.5), (1, 1)], 2, 1)
    ['⡀⠌']
    """
    cells = [[0x2800] * width for _ in range(height)]
    for x, y in points:
        if 0 <= x <= 1 and 0 <= y <= 1:
            across, down = min(int(x * 2 * width), 2 * width - 1), min(int((1 - y) * 4 * height), 4 * height - 1)
            cells[down // 4][across // 2] |= _DOTS[down % 4][across % 2]
    return ["".join(map(chr, row)) for row in cells]
