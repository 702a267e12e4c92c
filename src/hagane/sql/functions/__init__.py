"""The canonical functions of the feature language: what each takes, what it gives, where it is defined.

Two tables. `FUNCTIONS` has the scalar functions and operators, `ANALYZERS` the analytic ML functions. The binder
types calls by them, `docs/semantics.md` says in words what they compute, the compiler and the rewriter to DuckDB
render them, and the oracle tests walk them: a function is added here by one entry.

Source: the GoogleSQL function reference of BigQuery (operators, mathematical, string, date and timestamp functions)
and BigQuery ML's reference of preprocessing functions; departures are listed in `docs/semantics.md`.
"""

from __future__ import annotations

from hagane.sql.functions.analyzers import ANALYZERS
from hagane.sql.functions.arrays import ARRAY_FUNCTIONS
from hagane.sql.functions.conditionals import CONDITIONALS
from hagane.sql.functions.mathematics import MATHEMATICS
from hagane.sql.functions.ml import BUCKET_FORMATS, ML
from hagane.sql.functions.operators import OPERATORS
from hagane.sql.functions.signature import AnalyzerSignature, Option, Overload, Signature
from hagane.sql.functions.strings import MOST_PIECES, STRINGS, WHITE_SPACE
from hagane.sql.functions.time import (
    DATE_PARTS,
    DATE_STEPS,
    FIRST_DAY,
    LAST_DAY,
    MICROSECONDS,
    SPANS,
    TIME,
    TIME_PARTS,
    WEEKDAYS,
    WEEKS,
)
from hagane.sql.functions.trigonometry import TRIGONOMETRY

__all__ = [
    "ANALYZERS", "BUCKET_FORMATS", "DATE_PARTS", "DATE_STEPS", "FIRST_DAY", "FUNCTIONS", "LAST_DAY", "MICROSECONDS",
    "MOST_PIECES", "SPANS", "TIME_PARTS", "TOPICS", "WEEKDAYS", "WEEKS", "WHITE_SPACE",
    "AnalyzerSignature", "Option", "Overload", "Signature",
]  # fmt: skip

TOPICS: dict[str, tuple[Signature, ...]] = {
    "Operators": OPERATORS,
    "Conditions and casts": CONDITIONALS,
    "Mathematics": MATHEMATICS,
    "Trigonometry": TRIGONOMETRY,
    "Strings": STRINGS,
    "Time": TIME,
    "Arrays": ARRAY_FUNCTIONS,
    "Machine learning, without learning": ML,
}
"""The functions by topic, in the order of the documentation."""

FUNCTIONS: dict[str, Signature] = {signature.name: signature for topic in TOPICS.values() for signature in topic}
"""Canonical name → scalar function or operator."""
