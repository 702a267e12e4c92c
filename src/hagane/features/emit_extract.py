"""What a pattern matches in strings [n, 1]: REGEXP_EXTRACT by the plan of `hagane.sql.regex`."""

from __future__ import annotations

from hagane.features.emit import Emitter
from hagane.features.emit_logic import negate
from hagane.features.emit_text import behind, first, matches
from hagane.sql.patterns import contains
from hagane.sql.regex.extraction import Extraction


def extract(e: Emitter, text: str, plan: Extraction) -> tuple[str, str]:
    """The text of the match, or of its group, and where there is none."""
    data = first(e, text, plan.match)
    if plan.condition:
        missing = negate(e, matches(e, text, contains(plan.condition)))
    else:
        missing = e.node("Equal", data, e.constant([[""]], object))
    if plan.through:
        data = first(e, data, rf"\A(?:{plan.through})")
    elif plan.behind:
        data = behind(e, data, rf"(?s:.){{{plan.behind}}}\z")
    if plan.before:  # which may match an empty text, at which a Tokenizer would part every character
        marked = e.node("StringConcat", e.constant([["x"]], object), data)
        data = behind(e, marked, rf"\Ax(?:{plan.before})")
    return data, missing
