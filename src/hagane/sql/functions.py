"""The canonical functions of the feature language: what each takes, what it gives, where it is defined.

Two tables. `FUNCTIONS` has the scalar functions and operators, `ANALYZERS` the analytic ML functions. The binder
types calls by them, `docs/semantics.md` says in words what they compute, the compiler and the rewriter to DuckDB
render them, and the oracle tests walk them: a function is added here by one entry.

Source: the GoogleSQL function reference of BigQuery (operators, mathematical, string, date and timestamp functions)
and BigQuery ML's reference of preprocessing functions; departures are listed in `docs/semantics.md`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hagane.types import SqlType

BOOL, INT64, FLOAT64 = SqlType.BOOL, SqlType.INT64, SqlType.FLOAT64
STRING, TIMESTAMP, DATE = SqlType.STRING, SqlType.TIMESTAMP, SqlType.DATE

NUMBERS = (INT64, FLOAT64)
ORDERED = (INT64, FLOAT64, BOOL, TIMESTAMP, DATE)
ALL = (INT64, FLOAT64, BOOL, STRING, TIMESTAMP, DATE)

DATE_PARTS = ("YEAR", "QUARTER", "MONTH", "WEEK", "ISOWEEK", "ISOYEAR", "DAY", "DAYOFWEEK", "DAYOFYEAR")
TIME_PARTS = ("HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND")
WHITE_SPACE = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What TRIM removes: Unicode's White_Space property."""

BUCKET_FORMATS = ("bucket_names", "bucket_ranges")


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a function: `first` once, `repeated` one or more times (none where it is empty), `last` once.

    >>> case = FUNCTIONS["CASE"].overloads[0]
    >>> [type_.value for type_ in case.parameters(5)], case.parameters(4)
    (['BOOL', 'INT64', 'BOOL', 'INT64', 'INT64'], None)
    """

    first: tuple[SqlType, ...]
    result: SqlType
    repeated: tuple[SqlType, ...] = ()
    last: tuple[SqlType, ...] = ()

    def parameters(self, count: int) -> tuple[SqlType, ...] | None:
        """The parameter types for `count` arguments, or None where this overload does not take that many."""
        rest = count - len(self.first) - len(self.last)
        if not self.repeated:
            return self.first + self.last if rest == 0 else None
        times, odd = divmod(rest, len(self.repeated))
        return None if odd or times < 1 else self.first + self.repeated * times + self.last


@dataclass(frozen=True, slots=True)
class Signature:
    """A scalar function: its overloads in order of preference, and what cannot be read off them.

    `strict` functions are NULL where any argument is. `fails` says where the function is an error although no
    argument is NULL: NULL and `row_error` (empty: it never fails). `safe` functions give NULL there without
    `row_error`. `literals` are the positions of arguments that must be constants (-1: every one after the first).
    """

    name: str
    usage: str
    doc: str
    overloads: tuple[Overload, ...]
    modifiers: tuple[str, ...] = ()
    strict: bool = True
    fails: str = ""
    safe: bool = False
    literals: tuple[int, ...] = ()
    exact: bool = True
    """False where graph and DuckDB may differ by a few ulp."""


@dataclass(frozen=True, slots=True)
class Option:
    """A further argument of an analyzer: a constant with a default (`default=None`: must be given).

    `low` and `high` bound numbers; `choices` are the strings allowed.
    """

    name: str
    type: SqlType
    default: int | str | None = None
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalyzerSignature:
    """An analytic ML function `ML.X(argument, options…) OVER ()`: accepted argument types → result type."""

    name: str
    usage: str
    doc: str
    types: dict[SqlType, SqlType]
    options: tuple[Option, ...] = ()


def _each(types: Iterable[SqlType], arity: int, result: SqlType | None = None) -> tuple[Overload, ...]:
    return tuple(Overload((type_,) * arity, result or type_) for type_ in types)


def _many(types: Iterable[SqlType]) -> tuple[Overload, ...]:
    return tuple(Overload((), type_, repeated=(type_,)) for type_ in types)


_FLOAT1 = _each((FLOAT64,), 1)
_FLOAT2 = _each((FLOAT64,), 2)
_INT2 = _each((INT64,), 2)
_STRING1 = _each((STRING,), 1)
_OVERFLOW = "the result does not fit the type"
_DIVISOR = "the divisor is 0, or the result overflows"

_OPERATORS = (
    Signature("+", "x + y", "Sum.", _each(NUMBERS, 2), fails=_OVERFLOW),
    Signature("-", "x - y", "Difference.", _each(NUMBERS, 2), fails=_OVERFLOW),
    Signature("*", "x * y", "Product.", _each(NUMBERS, 2), fails=_OVERFLOW),
    Signature("/", "x / y", "Quotient, always FLOAT64.", _FLOAT2, fails=_DIVISOR),
    Signature("NEG", "-x", "Negation.", _each(NUMBERS, 1), fails="x is the smallest INT64"),
    Signature("=", "x = y", "Equal.", _each(ALL, 2, BOOL)),
    Signature("!=", "x != y", "Not equal.", _each(ALL, 2, BOOL)),
    Signature("<", "x < y", "Less.", _each(ORDERED, 2, BOOL)),
    Signature("<=", "x <= y", "Less or equal.", _each(ORDERED, 2, BOOL)),
    Signature(">", "x > y", "Greater.", _each(ORDERED, 2, BOOL)),
    Signature(">=", "x >= y", "Greater or equal.", _each(ORDERED, 2, BOOL)),
    Signature("AND", "x AND y", "Three-valued and; evaluates both.", _each((BOOL,), 2), strict=False),
    Signature("OR", "x OR y", "Three-valued or; evaluates both.", _each((BOOL,), 2), strict=False),
    Signature("NOT", "NOT x", "Three-valued not.", _each((BOOL,), 1)),
    Signature("IS NULL", "x IS NULL", "Whether x is NULL; never NULL.", _each(ALL, 1, BOOL), strict=False),
    Signature("IN", "x IN (a, b, …)", "Equal to one of the constants.",
              tuple(Overload((t,), BOOL, repeated=(t,)) for t in ALL), strict=False, literals=(-1,)),
)  # fmt: skip

_CONDITIONALS = (
    Signature("CASE", "CASE WHEN c THEN x … ELSE y END", "The value of the first condition that is TRUE, else y.",
              tuple(Overload((), t, repeated=(BOOL, t), last=(t,)) for t in ALL), strict=False),
    Signature("COALESCE", "COALESCE(x, y, …)", "The first argument that is not NULL.", _many(ALL), strict=False),
    Signature("NULLIF", "NULLIF(x, y)", "NULL where x = y is TRUE, else x.", _each(ALL, 2), strict=False),
    Signature("CAST", "CAST(x AS type)", "x as another type. SAFE_CAST: NULL, and no error, where CAST fails.",
              (Overload((INT64,), FLOAT64), Overload((INT64,), BOOL),
               Overload((INT64,), STRING), Overload((FLOAT64,), INT64),
               Overload((BOOL,), INT64), Overload((BOOL,), FLOAT64),
               Overload((BOOL,), STRING)),
              modifiers=("safe",), fails="FLOAT64 to INT64: x is NaN or infinite, or does not fit"),
)  # fmt: skip

_MATHEMATICS = (
    Signature("LN", "LN(x)", "Natural logarithm.", _FLOAT1, fails="x <= 0", exact=False),
    Signature("LOG10", "LOG10(x)", "Logarithm to base 10.", _FLOAT1, fails="x <= 0", exact=False),
    Signature("LOG", "LOG(x, base)", "Logarithm to a base.", _FLOAT2, exact=False,
              fails="x <= 0, base <= 0 or base = 1"),
    Signature("EXP", "EXP(x)", "e to the power of x.", _FLOAT1, fails="the result overflows", exact=False),
    Signature("SQRT", "SQRT(x)", "Square root.", _FLOAT1, fails="x < 0"),
    Signature("POW", "POW(x, y)", "x to the power of y.", _FLOAT2, exact=False,
              fails="x < 0 is finite and y no integer, x = 0 and y < 0, or the result overflows"),
    Signature("ABS", "ABS(x)", "Absolute value.", _each(NUMBERS, 1), fails="x is the smallest INT64"),
    Signature("SIGN", "SIGN(x)", "-1, 0 or 1; NaN for NaN.", _each(NUMBERS, 1)),
    Signature("FLOOR", "FLOOR(x)", "The greatest whole number <= x.", _FLOAT1),
    Signature("CEIL", "CEIL(x)", "The smallest whole number >= x.", _FLOAT1),
    Signature("TRUNC", "TRUNC(x)", "x without its fraction.", _FLOAT1),
    Signature("ROUND", "ROUND(x, n)", "x to n decimals (0 where left out), half away from zero.", _FLOAT1,
              modifiers=("n",), fails="the result overflows (n < 0)"),
    Signature("LEAST", "LEAST(x, y, …)", "The smallest; NaN where one is NaN.",
              _many((INT64, FLOAT64, TIMESTAMP, DATE))),
    Signature("GREATEST", "GREATEST(x, y, …)", "The greatest; NaN where one is NaN.",
              _many((INT64, FLOAT64, TIMESTAMP, DATE))),
    Signature("DIV", "DIV(x, y)", "Whole quotient, towards zero.", _INT2, fails=_DIVISOR),
    Signature("MOD", "MOD(x, y)", "Remainder of DIV, with the sign of x.", _INT2, fails="the divisor is 0"),
    Signature("SAFE_DIVIDE", "SAFE_DIVIDE(x, y)", "x / y, NULL where that fails.", _FLOAT2, fails=_DIVISOR, safe=True),
    Signature("IEEE_DIVIDE", "IEEE_DIVIDE(x, y)", "x / y by IEEE 754: ±inf and NaN instead of errors.", _FLOAT2),
)  # fmt: skip

_STRINGS = (
    Signature("LOWER", "LOWER(s)", "In small letters, code point by code point.", _STRING1),
    Signature("UPPER", "UPPER(s)", "In capital letters, code point by code point.", _STRING1),
    Signature("CONCAT", "CONCAT(s, t, …)", "Joined.", _many((STRING,))),
    Signature("LENGTH", "LENGTH(s)", "Number of code points.", _each((STRING,), 1, INT64)),
    Signature("TRIM", "TRIM(s)", "Without white space at both ends.", _STRING1),
    Signature("LTRIM", "LTRIM(s)", "Without white space at the start.", _STRING1),
    Signature("RTRIM", "RTRIM(s)", "Without white space at the end.", _STRING1),
    Signature("STARTS_WITH", "STARTS_WITH(s, prefix)", "Whether s begins so.",
              _each((STRING,), 2, BOOL), literals=(1,)),
    Signature("ENDS_WITH", "ENDS_WITH(s, suffix)", "Whether s ends so.", _each((STRING,), 2, BOOL), literals=(1,)),
    Signature("REGEXP_CONTAINS", "REGEXP_CONTAINS(s, pattern)", "Whether the RE2 pattern is found in s.",
              _each((STRING,), 2, BOOL), literals=(1,)),
)  # fmt: skip

_TIME = (
    Signature("EXTRACT", "EXTRACT(part FROM t)", "A part of a TIMESTAMP (in UTC) or of a DATE.",
              (Overload((TIMESTAMP,), INT64), Overload((DATE,), INT64)), modifiers=("part",)),
    Signature("UNIX_SECONDS", "UNIX_SECONDS(t)", "Whole seconds since 1970, down.", _each((TIMESTAMP,), 1, INT64)),
    Signature("UNIX_MILLIS", "UNIX_MILLIS(t)", "Whole ms since 1970, down.", _each((TIMESTAMP,), 1, INT64)),
    Signature("UNIX_MICROS", "UNIX_MICROS(t)", "µs since 1970.", _each((TIMESTAMP,), 1, INT64)),
    Signature("UNIX_DATE", "UNIX_DATE(d)", "Days since 1970.", _each((DATE,), 1, INT64)),
)  # fmt: skip

_ML = (
    Signature("ML.BUCKETIZE", "ML.BUCKETIZE(x, [points], exclude_boundaries, format)",
              "The name of the bucket in which x lies; NULL where x is NaN.", _each((FLOAT64,), 1, STRING),
              modifiers=("points", "exclude_boundaries", "format"), fails="x is NaN", safe=True),
    Signature("ML.HASH_BUCKETIZE", "ML.HASH_BUCKETIZE(s, n)", "A hash of s, from 0 to n - 1.",
              _each((STRING,), 1, INT64), modifiers=("n",)),
    Signature("ML.FEATURE_CROSS", "ML.FEATURE_CROSS(STRUCT(s, t, …), degree)", "The values joined by '_'.",
              (Overload((STRING,), STRING, repeated=(STRING,)),)),
)  # fmt: skip

FUNCTIONS: dict[str, Signature] = {
    signature.name: signature for signature in (*_OPERATORS, *_CONDITIONALS, *_MATHEMATICS, *_STRINGS, *_TIME, *_ML)
}
"""Canonical name → scalar function or operator."""

_TO_FLOAT = {INT64: FLOAT64, FLOAT64: FLOAT64}
_CATEGORY = {STRING: STRING}
_TOP_K = Option("top_k", INT64, 32_000, low=1, high=1_000_000)
_FREQUENCY = Option("frequency_threshold", INT64, 5, low=0)

ANALYZERS: dict[str, AnalyzerSignature] = {
    signature.name: signature
    for signature in (
        AnalyzerSignature("ML.STANDARD_SCALER", "ML.STANDARD_SCALER(x) OVER ()",
                          "(x - mean) / standard deviation of the sample.", _TO_FLOAT),
        AnalyzerSignature("ML.MIN_MAX_SCALER", "ML.MIN_MAX_SCALER(x) OVER ()",
                          "(x - min) / (max - min), kept within 0 and 1.", _TO_FLOAT),
        AnalyzerSignature("ML.MAX_ABS_SCALER", "ML.MAX_ABS_SCALER(x) OVER ()", "x / max |x|.", _TO_FLOAT),
        AnalyzerSignature("ML.ROBUST_SCALER", "ML.ROBUST_SCALER(x) OVER ()",
                          "(x - median) / (upper quartile - lower quartile).", _TO_FLOAT),
        AnalyzerSignature("ML.QUANTILE_BUCKETIZE", "ML.QUANTILE_BUCKETIZE(x, num_buckets, format) OVER ()",
                          "The name of the quantile bucket in which x lies.", {INT64: STRING, FLOAT64: STRING},
                          (Option("num_buckets", INT64, low=2, high=10_000),
                           Option("format", STRING, "bucket_names", choices=BUCKET_FORMATS))),
        AnalyzerSignature("ML.ONE_HOT_ENCODER",
                          "ML.ONE_HOT_ENCODER(s, drop, top_k, frequency_threshold) OVER ()",
                          "A category: unknown and rare values, the vocabulary in alphabetical order, NULL.", _CATEGORY,
                          (Option("drop", STRING, "none", choices=("none", "most_frequent")), _TOP_K, _FREQUENCY)),
        AnalyzerSignature("ML.LABEL_ENCODER", "ML.LABEL_ENCODER(s, top_k, frequency_threshold) OVER ()",
                          "The category's number: 0 for unknown, rare and NULL, then 1, 2, … in alphabetical order.",
                          {STRING: INT64}, (_TOP_K, _FREQUENCY)),
        AnalyzerSignature("ML.IMPUTER", "ML.IMPUTER(x, strategy) OVER ()",
                          "x, where NULL the mean, the lower median or the most frequent value.",
                          {INT64: FLOAT64, FLOAT64: FLOAT64, STRING: STRING},
                          (Option("strategy", STRING, choices=("mean", "median", "most_frequent")),)),
    )
}  # fmt: skip
"""Canonical name → analytic ML function."""
