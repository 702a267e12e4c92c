"""String functions."""

from __future__ import annotations

from hagane.sql.functions.signature import BOOL, INT64, STRING, STRING1, Overload, Signature, each, many

WHITE_SPACE = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What TRIM removes: Unicode's White_Space property."""

MOST_PIECES = 1_000
"""Into so many pieces a text is taken apart at most: a batch of texts becomes a matrix of pieces."""
_TRIM = (Overload((STRING,), STRING), Overload((STRING, STRING), STRING))
_PAD = (Overload((STRING, INT64), STRING), Overload((STRING, INT64, STRING), STRING))

STRINGS = (
    Signature("LOWER", "LOWER(s)", "In small letters, code point by code point.", STRING1),
    Signature("UPPER", "UPPER(s)", "In capital letters, code point by code point.", STRING1),
    Signature("CONCAT", "CONCAT(s, t, …)", "Joined.", many((STRING,))),
    Signature("LENGTH", "LENGTH(s)", "Number of code points.", each((STRING,), 1, INT64)),
    Signature("BYTE_LENGTH", "BYTE_LENGTH(s)", "Number of bytes in UTF-8.", each((STRING,), 1, INT64)),
    Signature("TRIM", "TRIM(s, characters)", "Without white space, or the characters, at both ends.", _TRIM,
              literals=(1,)),
    Signature("LTRIM", "LTRIM(s, characters)", "Without white space, or the characters, at the start.", _TRIM,
              literals=(1,)),
    Signature("RTRIM", "RTRIM(s, characters)", "Without white space, or the characters, at the end.", _TRIM,
              literals=(1,)),
    Signature("SUBSTR", "SUBSTR(s, position, length), LEFT(s, n), RIGHT(s, n)",
              "So many code points from a position on, from the end where it is negative.",
              (Overload((STRING, INT64), STRING), Overload((STRING, INT64, INT64), STRING)), literals=(1, 2)),
    Signature("LPAD", "LPAD(s, n, pattern)", "n code points: s, filled up at the start.", _PAD, literals=(1, 2)),
    Signature("RPAD", "RPAD(s, n, pattern)", "n code points: s, filled up at the end.", _PAD, literals=(1, 2)),
    Signature("REPEAT", "REPEAT(s, n)", "s, n times.", (Overload((STRING, INT64), STRING),), literals=(1,)),
    Signature("REPLACE", "REPLACE(s, from, to)", "With every `from` replaced.", each((STRING,), 3), literals=(1, 2),
              fails=f"`from` occurs {MOST_PIECES:,} times or more"),
    Signature("REVERSE", "REVERSE(s)", "Code points in reverse order.", STRING1,
              fails=f"s has more than {MOST_PIECES:,} code points"),
    Signature("STRPOS", "STRPOS(s, t)", "The place of the first t in s, from 1; 0 where there is none.",
              each((STRING,), 2, INT64), literals=(1,)),
    Signature("SPLIT[OFFSET]", "SPLIT(s, delimiter)[OFFSET(n)]", "What stands between delimiters, from 0.",
              each((STRING,), 2, STRING), modifiers=("n",), literals=(1,), fails="there are not so many"),
    Signature("SPLIT[SAFE_OFFSET]", "SPLIT(s, delimiter)[SAFE_OFFSET(n)]",
              "What stands between delimiters, from 0; NULL beyond the last.",
              each((STRING,), 2, STRING), modifiers=("n",), literals=(1,), fails="there are not so many", safe=True),
    Signature("STARTS_WITH", "STARTS_WITH(s, prefix)", "Whether s begins so.",
              each((STRING,), 2, BOOL), literals=(1,)),
    Signature("ENDS_WITH", "ENDS_WITH(s, suffix)", "Whether s ends so.", each((STRING,), 2, BOOL), literals=(1,)),
    Signature("REGEXP_CONTAINS", "REGEXP_CONTAINS(s, pattern)", "Whether the RE2 pattern is found in s.",
              each((STRING,), 2, BOOL), literals=(1,)),
    Signature("REGEXP_EXTRACT", "REGEXP_EXTRACT(s, pattern)",
              "What the RE2 pattern, or its capture group, matches first; NULL where it matches nothing.",
              each((STRING,), 2), literals=(1,), fails="nothing matches", safe=True),
)  # fmt: skip
