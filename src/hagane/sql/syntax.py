"""What sqlglot calls the things of the language: nodes to canonical functions, types, and the refusals."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.expressions import DataType

from hagane.sql.functions import ANALYZERS, FUNCTIONS
from hagane.sql.refusals import FUNCTION_REASONS
from hagane.sql.source import WAY_OUT
from hagane.types import SqlType

_ONE = ("this",)
_TWO = ("this", "expression")
_MANY = ("this", "expressions")

FUNCTION_NODES: dict[type[exp.Expression], tuple[str, tuple[str, ...]]] = {
    exp.Mul: ("*", _TWO),
    exp.Div: ("/", _TWO),
    exp.Mod: ("MOD", _TWO),
    exp.IntDiv: ("DIV", _TWO),
    exp.EQ: ("=", _TWO),
    exp.NEQ: ("!=", _TWO),
    exp.LT: ("<", _TWO),
    exp.LTE: ("<=", _TWO),
    exp.GT: (">", _TWO),
    exp.GTE: (">=", _TWO),
    exp.Not: ("NOT", _ONE),
    exp.Coalesce: ("COALESCE", _MANY),
    exp.Nullif: ("NULLIF", _TWO),
    exp.Ln: ("LN", _ONE),
    exp.Exp: ("EXP", _ONE),
    exp.Sqrt: ("SQRT", _ONE),
    exp.Pow: ("POW", _TWO),
    exp.Abs: ("ABS", _ONE),
    exp.Sign: ("SIGN", _ONE),
    exp.Floor: ("FLOOR", _ONE),
    exp.Ceil: ("CEIL", _ONE),
    exp.Sin: ("SIN", _ONE),
    exp.Cos: ("COS", _ONE),
    exp.Tan: ("TAN", _ONE),
    exp.Cot: ("COT", _ONE),
    exp.Sec: ("SEC", _ONE),
    exp.Csc: ("CSC", _ONE),
    exp.Asin: ("ASIN", _ONE),
    exp.Acos: ("ACOS", _ONE),
    exp.Atan: ("ATAN", _ONE),
    exp.Atan2: ("ATAN2", _TWO),
    exp.Sinh: ("SINH", _ONE),
    exp.Cosh: ("COSH", _ONE),
    exp.Tanh: ("TANH", _ONE),
    exp.Coth: ("COTH", _ONE),
    exp.Sech: ("SECH", _ONE),
    exp.Csch: ("CSCH", _ONE),
    exp.Asinh: ("ASINH", _ONE),
    exp.Acosh: ("ACOSH", _ONE),
    exp.Atanh: ("ATANH", _ONE),
    exp.Cbrt: ("CBRT", _ONE),
    exp.IsNan: ("IS_NAN", _ONE),
    exp.IsInf: ("IS_INF", _ONE),
    exp.NullSafeNEQ: ("IS DISTINCT FROM", _TWO),
    exp.BitwiseAnd: ("&", _TWO),
    exp.BitwiseOr: ("|", _TWO),
    exp.BitwiseXor: ("^", _TWO),
    exp.BitwiseNot: ("~", _ONE),
    exp.BitwiseLeftShift: ("<<", _TWO),
    exp.BitwiseRightShift: (">>", _TWO),
    exp.BitwiseCount: ("BIT_COUNT", _ONE),
    exp.Least: ("LEAST", _MANY),
    exp.Greatest: ("GREATEST", _MANY),
    exp.SafeDivide: ("SAFE_DIVIDE", _TWO),
    exp.Lower: ("LOWER", _ONE),
    exp.Upper: ("UPPER", _ONE),
    exp.Concat: ("CONCAT", ("expressions",)),
    exp.Length: ("LENGTH", _ONE),
    exp.ByteLength: ("BYTE_LENGTH", _ONE),
    exp.Reverse: ("REVERSE", _ONE),
    exp.Replace: ("REPLACE", ("this", "expression", "replacement")),
    exp.StartsWith: ("STARTS_WITH", _TWO),
    exp.EndsWith: ("ENDS_WITH", _TWO),
    exp.Split: ("SPLIT", _TWO),
    exp.ArrayConcat: ("ARRAY_CONCAT", _MANY),
    exp.ArrayReverse: ("ARRAY_REVERSE", _ONE),
    exp.ArraySize: ("ARRAY_LENGTH", _ONE),
    exp.UnixSeconds: ("UNIX_SECONDS", _ONE),
    exp.UnixMillis: ("UNIX_MILLIS", _ONE),
    exp.UnixMicros: ("UNIX_MICROS", _ONE),
    exp.UnixDate: ("UNIX_DATE", _ONE),
    exp.DateFromUnixDate: ("DATE_FROM_UNIX_DATE", _ONE),
}
"""Nodes that are calls as they stand: canonical name, and where sqlglot keeps the arguments."""

MORE_FUNCTIONS = ("IEEE_DIVIDE",)
"""Functions that sqlglot does not know."""

TAKE_PATTERNS = ("REGEXP_CONTAINS", "REGEXP_EXTRACT")
"""Functions whose second argument is an RE2 pattern."""

DECORATION = ("safe", "coalesce", "ignore_nulls", "big_int", "position", "null_propagation")
"""Arguments of sqlglot's nodes that are no arguments of the function."""

LISTS = {"order": ("<", "<=", ">", ">=", "LEAST", "GREATEST"), "bits": ("&", "|", "^", "~", "<<", ">>", "BIT_COUNT")}

SQL_TYPES: dict[object, SqlType] = {
    DataType.Type.BIGINT: SqlType.INT64,
    DataType.Type.INT: SqlType.INT64,
    DataType.Type.SMALLINT: SqlType.INT64,
    DataType.Type.TINYINT: SqlType.INT64,
    DataType.Type.DOUBLE: SqlType.FLOAT64,
    DataType.Type.BOOLEAN: SqlType.BOOL,
    DataType.Type.TEXT: SqlType.STRING,
    DataType.Type.VARCHAR: SqlType.STRING,
    DataType.Type.TIMESTAMPTZ: SqlType.TIMESTAMP,
    DataType.Type.DATE: SqlType.DATE,
}

_OPERATOR_NAMES = {"IS NULL", "IN", "CASE", "NEG", "AND", "OR", "NOT", "ARRAY", "ELEMENT", "IN UNNEST"}


def function_name() -> tuple[str, ...]:
    """The names by which functions are called, for the nearest name."""
    plain = [name for name in FUNCTIONS if name[0].isalpha() and name not in _OPERATOR_NAMES]
    return (*plain, *ANALYZERS, "ML.POLYNOMIAL_EXPAND", "IF", "IFNULL", "SAFE_CAST")


def refusal(node: exp.Expression, name: str) -> tuple[str, str]:
    """Why `node`, called `name`, is not in the language, and what to do instead."""
    match node:
        case exp.Subquery() | exp.Select() | exp.Exists() | exp.In():
            return "a subquery cannot be compiled: a feature is computed from one row", WAY_OUT
        case exp.AggFunc():
            return f"{name} is an aggregate: a feature is computed from one row", WAY_OUT
        case exp.Star():
            return "* is not an expression", "name the columns, one feature each"
        case exp.Alias():
            return "a feature is named by its key, not by AS", "remove the alias"
        case exp.RegexpReplace():
            return "REGEXP_REPLACE cannot be compiled: ONNX Runtime puts nothing in the place of a match", (
                f"use REPLACE or REGEXP_EXTRACT; or {WAY_OUT}"
            )
        case exp.RegexpExtractAll():
            return "REGEXP_EXTRACT_ALL is not in the feature language", (
                f"use REGEXP_EXTRACT, or TEXT_ANALYZE with the analyzer PATTERN_ANALYZER; or {WAY_OUT}"
            )
        case exp.ArrayToString():
            return "ARRAY_TO_STRING cannot be compiled: ONNX Runtime joins no ragged text", WAY_OUT
        case exp.Struct():
            return "a STRUCT may stand only where an ML function takes one", WAY_OUT
        case exp.Parameter() | exp.Placeholder():
            return "there are no parameters here", "write the constant itself"
        case _ if name in FUNCTION_REASONS:
            return FUNCTION_REASONS[name]
        case _:
            return f"{name} is not in the feature language", WAY_OUT
