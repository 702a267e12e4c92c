"""`Wanted`: what of each row is explained."""

from __future__ import annotations

from typing import NamedTuple

from hagane.explanation.explanations import Space


class Wanted(NamedTuple):
    """In which space, and which outputs."""

    space: Space = "raw"
    outputs: tuple[int, ...] | None = None
    """Places of classes, or of labels; None: the predicted class, every label."""
    top_classes: int | None = None
    """Instead: as many of the most probable classes; -1: all of them, by probability."""
    threshold: float | None = None
    """Of two classes: from which probability on the second is predicted; None: the model's own."""
