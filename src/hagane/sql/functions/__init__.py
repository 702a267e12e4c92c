"""The canonical functions of the feature language: what each takes, what it gives, where it is defined.

Two tables. `FUNCTIONS` has the scalar functions and operators, `ANALYZERS` the analytic ML functions. The binder
types calls by them, `docs/semantics.md` says in words what they compute, the compiler and the rewriter to DuckDB
render them, and the oracle tests walk them: a function is added here by one entry.

Source: the GoogleSQL function reference of BigQuery (operators, mathematical, string, date and timestamp functions)
and BigQuery ML's reference of preprocessing functions; departures are listed in `docs/semantics.md`.
"""

from __future__ import annotations

from hagane.sql.functions.analyzers import ANALYZERS
from hagane.sql.functions.conditionals import CONDITIONALS
from hagane.sql.functions.mathematics import MATHEMATICS
from hagane.sql.functions.ml import BUCKET_FORMATS, ML
from hagane.sql.functions.operators import OPERATORS
from hagane.sql.functions.signature import AnalyzerSignature, Option, Overload, Signature
from hagane.sql.functions.strings import STRINGS, WHITE_SPACE
from hagane.sql.functions.time import DATE_PARTS, TIME, TIME_PARTS

__all__ = [
    "ANALYZERS", "BUCKET_FORMATS", "DATE_PARTS", "FUNCTIONS", "TIME_PARTS", "WHITE_SPACE",
    "AnalyzerSignature", "Option", "Overload", "Signature",
]  # fmt: skip

FUNCTIONS: dict[str, Signature] = {
    signature.name: signature for signature in (*OPERATORS, *CONDITIONALS, *MATHEMATICS, *STRINGS, *TIME, *ML)
}
"""Canonical name → scalar function or operator."""
