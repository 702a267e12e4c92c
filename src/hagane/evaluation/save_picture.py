"""`save_picture`: one plot as a PNG file."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

Draw = Callable[[Any], None]
"""Draws onto matplotlib axes."""
SIZE_INCHES = (6.4, 4.8)
DOTS_PER_INCH = 144


def save_picture(folder: Path, name: str, draw: Draw) -> Path:
    """Write `<name>.png` into `folder`, which is made; its path.

    matplotlib draws onto its own Agg canvas: no window, no global state. Raises OSError where the folder is not
    writable.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.add_subplot())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(folder / f"{name}.png", metadata={"Software": None})
    return folder / f"{name}.png"
