"""Functions of arrays."""

from __future__ import annotations

from hagane.sql.functions.signature import ARRAY_STRING, ARRAYS, INT64, STRING, Overload, Signature, each

ARRAY_FUNCTIONS = (
    Signature("SPLIT", "SPLIT(s, delimiter)",
              "The parts of s between the delimiters (`,` where left out); its characters where that is empty.",
              (Overload((STRING, STRING), ARRAY_STRING),), literals=(1,)),
    Signature("ARRAY", "[x, y, …]", "The array of these elements.",
              tuple(Overload((), type_, repeated=(type_.element,)) for type_ in ARRAYS), strict=False),
    Signature("ARRAY_LENGTH", "ARRAY_LENGTH(array)", "Number of elements, NULLs counted.", each(ARRAYS, 1, INT64)),
)  # fmt: skip
