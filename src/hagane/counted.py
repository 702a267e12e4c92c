"""`counted`: a number of things in words, one of them in the singular."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """The number, and the noun in the form that goes with it.

    >>> counted(1, "row"), counted(0, "row"), counted(2_000, "class"), counted(3, "category")
    ('1 row', '0 rows', '2,000 classes', '3 categories')
    """
    return f"{number:,} {noun if number == 1 else _plural(noun)}"


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"
