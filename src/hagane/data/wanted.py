"""What a model knows of the text files that it was trained on, so that new ones are read alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hagane.types import SqlType


@dataclass(frozen=True)
class Wanted:
    """How text is to be read, where the rows at hand would leave it open."""

    types: Mapping[str, SqlType] = field(default_factory=dict)
    """Column → type; what is wanted as STRING is text, whatever it looks like: `yes` is no BOOL then."""
    null_words: tuple[str, ...] | None = None
    """Words that mean NULL in a CSV file; None: found out from the file."""
