"""Functions of arrays."""

from __future__ import annotations

from hagane.sql.functions.signature import (
    ARRAY_FLOAT64,
    ARRAY_INT64,
    ARRAY_STRING,
    ARRAYS,
    BOOL,
    FLOAT64,
    INT64,
    STRING,
    Overload,
    Signature,
    each,
    many,
)

ANALYZER_NAMES = ("LOG_ANALYZER", "NO_OP_ANALYZER", "PATTERN_ANALYZER")
LOG_SEPARATORS = (
    r"%2526|%2520|%21|%26|%3B|%3b|%7C|%7c|%20|%2B|%2b|%3D|%3d|%5D|%5d|%5B|%5b|%3A|%3a|%0A|%0a|%2C|%2c|%28|%29"
    r"|[\[\]<>(){}|!;,'\"*&?+/:=@.\-$%\\_\s\p{Z}\p{Po}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Pd}]"
)
"""What parts the words of LOG_ANALYZER: BigQuery's delimiters, and the spaces and punctuation of all scripts."""
DISTANCES = ("EUCLIDEAN", "MANHATTAN", "COSINE")
_VECTOR = (ARRAY_INT64, ARRAY_FLOAT64)

ARRAY_FUNCTIONS = (
    Signature("SPLIT", "SPLIT(s, delimiter)",
              "The parts of s between the delimiters (`,` where left out); its characters where that is empty.",
              (Overload((STRING, STRING), ARRAY_STRING),), literals=(1,)),
    Signature("ARRAY", "[x, y, …]", "The array of these elements.",
              tuple(Overload((), type_, repeated=(type_.element,)) for type_ in ARRAYS), strict=False),
    Signature("ARRAY_LENGTH", "ARRAY_LENGTH(array)", "Number of elements, NULLs counted.", each(ARRAYS, 1, INT64)),
    Signature("ELEMENT", "array[OFFSET(k)]",
              "The element number k from 0 (ORDINAL: from 1; SAFE_…: NULL, and no error, where there is none).",
              tuple(Overload((type_,), type_.element) for type_ in ARRAYS),
              modifiers=("k",), fails="there is no such element"),
    Signature("ARRAY_CONCAT", "ARRAY_CONCAT(a, b, …)", "The elements of all, one array after another.", many(ARRAYS)),
    Signature("ARRAY_REVERSE", "ARRAY_REVERSE(array)",
              "The elements in reverse order (`ARRAY_FIRST(array)` and `ARRAY_LAST(array)` are elements).",
              each(ARRAYS, 1)),
    Signature("IN UNNEST", "x IN UNNEST(array)", "Whether x is among the elements; FALSE where the array is NULL.",
              tuple(Overload((type_.element, type_), BOOL) for type_ in ARRAYS), strict=False),
    Signature("TEXT_ANALYZE", "TEXT_ANALYZE(s, analyzer => name)",
              "The words of s in small letters (`LOG_ANALYZER`: what stands between spaces and punctuation; "
              "`PATTERN_ANALYZER`: what an RE2 pattern finds; `NO_OP_ANALYZER`: s itself).",
              (Overload((STRING,), ARRAY_STRING),), modifiers=("analyzer", "pattern", "lower")),
    Signature("ML.NGRAMS", "ML.NGRAMS(tokens, [least, most], separator)",
              "Neighbouring tokens joined, by where they start, then by how many they are.",
              (Overload((ARRAY_STRING,), ARRAY_STRING),), modifiers=("least", "most", "separator")),
    Signature("ML.NORMALIZER", "ML.NORMALIZER(array, p)", "The numbers divided by their p-norm (2 where left out).",
              tuple(Overload((type_,), ARRAY_FLOAT64) for type_ in _VECTOR), modifiers=("p",), exact=False,
              fails="an element is NULL"),
    Signature("ML.LP_NORM", "ML.LP_NORM(array, p)", "The p-norm; p = 0 and p = +inf: the largest magnitude.",
              tuple(Overload((type_,), FLOAT64) for type_ in _VECTOR), modifiers=("p",), exact=False,
              fails="an element is NULL"),
    Signature("ML.DISTANCE", "ML.DISTANCE(a, b, type), COSINE_DISTANCE(a, b), EUCLIDEAN_DISTANCE(a, b)",
              "Euclidean, Manhattan or cosine distance of two arrays.",
              tuple(Overload((type_, type_), FLOAT64) for type_ in _VECTOR), modifiers=("type",), exact=False,
              fails="an element is NULL, the arrays are not of one length, or one of cosine's is 0"),
)  # fmt: skip
