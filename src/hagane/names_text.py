"""`names_text`: names in a sentence, the first of many."""

from __future__ import annotations

from collections.abc import Sequence


def names_text(names: Sequence[str], most: int = 8) -> str:
    """The first `most` names, and how many more there are.

    >>> names_text(["fog", "rain"]), names_text(["fog", "rain", "wind", "hail"], 2)
    ('fog, rain', 'fog, rain and 2 more')
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
