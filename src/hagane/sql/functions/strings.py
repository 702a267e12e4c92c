"""String functions."""

from __future__ import annotations

from hagane.sql.functions.signature import BOOL, INT64, STRING, STRING1, Signature, each, many

WHITE_SPACE = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What TRIM removes: Unicode's White_Space property."""

STRINGS = (
    Signature("LOWER", "LOWER(s)", "In small letters, code point by code point.", STRING1),
    Signature("UPPER", "UPPER(s)", "In capital letters, code point by code point.", STRING1),
    Signature("CONCAT", "CONCAT(s, t, …)", "Joined.", many((STRING,))),
    Signature("LENGTH", "LENGTH(s)", "Number of code points.", each((STRING,), 1, INT64)),
    Signature("TRIM", "TRIM(s)", "Without white space at both ends.", STRING1),
    Signature("LTRIM", "LTRIM(s)", "Without white space at the start.", STRING1),
    Signature("RTRIM", "RTRIM(s)", "Without white space at the end.", STRING1),
    Signature("STARTS_WITH", "STARTS_WITH(s, prefix)", "Whether s begins so.",
              each((STRING,), 2, BOOL), literals=(1,)),
    Signature("ENDS_WITH", "ENDS_WITH(s, suffix)", "Whether s ends so.", each((STRING,), 2, BOOL), literals=(1,)),
    Signature("REGEXP_CONTAINS", "REGEXP_CONTAINS(s, pattern)", "Whether the RE2 pattern is found in s.",
              each((STRING,), 2, BOOL), literals=(1,)),
)  # fmt: skip
