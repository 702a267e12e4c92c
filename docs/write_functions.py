"""Writes docs/functions.md, the table of functions, from the code that binds, compiles and checks them.

`make functions` runs it.
`tests/fronts/test_functions_page.py` holds the page to what this script writes. A function whose modifiers cannot be
left out needs an example in MODIFIERS; everything else follows from its entries in the tables of the code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from hagane.features.compiler import DTYPES, Compiler
from hagane.features.emit import Emitter
from hagane.runtime.layout import InputLayout
from hagane.sql.duckdb_functions import RENDER
from hagane.sql.expression import Call, ColumnRef, Expression, Literal
from hagane.sql.functions import ANALYZERS, TOPICS, AnalyzerSignature, Overload, Signature
from hagane.types import Column, SqlType

PAGE = Path(__file__).with_name("functions.md")

MODIFIERS: dict[str, tuple[object, ...]] = {
    "CAST": (False,),
    "ROUND": (2,),
    "TRUNC": (2,),
    "RANGE_BUCKET": ((1, 2),),
    "EXTRACT": ("MONTH", "Asia/Tokyo"),
    "DATE": ("Asia/Tokyo",),
    "TIMESTAMP": ("Asia/Tokyo",),
    **dict.fromkeys(("DATE_ADD", "DATE_SUB", "DATE_DIFF", "DATE_TRUNC", "LAST_DAY"), ("MONTH",)),
    **dict.fromkeys(("TIMESTAMP_ADD", "TIMESTAMP_SUB", "TIMESTAMP_DIFF"), ("HOUR",)),
    "TIMESTAMP_TRUNC": ("MONTH", "Asia/Tokyo"),
    "FORMAT_DATE": ("%Y-%m-%d",),
    "FORMAT_TIMESTAMP": ("%Y-%m-%d %H:%M", "Asia/Tokyo"),
    "PARSE_DATE": ("%Y-%m-%d",),
    "PARSE_TIMESTAMP": ("%Y-%m-%d %H:%M", "Asia/Tokyo"),
    "SPLIT[OFFSET]": (1,),
    "SPLIT[SAFE_OFFSET]": (1,),
    "ELEMENT": (0,),
    "TEXT_ANALYZE": ("LOG_ANALYZER", "", True),
    "ML.NGRAMS": (1, 2, " "),
    "ML.NORMALIZER": (2.0,),
    "ML.LP_NORM": (2.0,),
    "ML.DISTANCE": ("COSINE",),
    "ML.BUCKETIZE": ((1.0, 2.0), False, "bucket_names"),
    "ML.HASH_BUCKETIZE": (10,),
}
"""Function → modifiers with which its operators are counted."""
CONSTANTS = {SqlType.STRING: "a", SqlType.INT64: 2, SqlType.FLOAT64: 2.0, SqlType.BOOL: True}

HEAD = """\
# Table of functions

Written by `make functions` from the code itself; a test holds the page to it. [Features](features.md) is the page to
read first, [semantics](semantics.md) says exactly what each function does.

- *Types*: what it takes, and gives. INT64 stands for FLOAT64 too; NULL for any type.
- *Error where*: the value is NULL there and the row is marked (functions called SAFE: NULL without a mark).
- *Exact*: whether the graph's value is the oracle's to the last bit, or within 8 units in the last place (ulp).
- *Oracle*: who says that the value is right. DuckDB: random expressions over hostile rows give the same value, the same
  NULLs and the same errors in DuckDB and in the graph. Closed form: tests compute it by its formula.
- *ONNX operators*: what a call becomes besides reading its columns. All are standard (opset {opset}, ai.onnx.ml {ml})
  but those in **bold**, which are ONNX Runtime's own (domain com.microsoft) and there in its web build too.
"""


def page() -> str:
    """The page's text."""
    from hagane.features.emit import OPSETS

    parts = [HEAD.format(opset=OPSETS[""], ml=OPSETS["ai.onnx.ml"])]
    for topic, signatures in TOPICS.items():
        parts.append(f"## {topic}\n\n" + _table(_HEADINGS, map(_row, signatures)))
    analyzers = _table(("analyzer", "value", "types", "options: default"), map(_analyzer_row, ANALYZERS.values()))
    learned = (
        "Their parameters are learned by DuckDB or from the graph's output; tests compute both by the formulas.\n\n"
    )
    parts.append("## Analyzers\n\n" + learned + analyzers)
    return "\n".join(parts)


_HEADINGS = ("function", "value", "types", "error where", "exact", "oracle", "ONNX operators")


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    headings = tuple(headings)
    lines = [headings, ("---",) * len(headings), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _row(signature: Signature) -> tuple[str, ...]:
    fails = signature.fails + (" (SAFE)" if signature.safe and signature.fails else "")
    oracle = "DuckDB" if signature.name in RENDER or signature.name == "CASE" else "closed form"
    return (f"`{signature.usage}`", signature.doc, _types(signature), fails, "yes" if signature.exact else "8 ulp",
            oracle, _operators(signature))  # fmt: skip


def _types(signature: Signature) -> str:
    """One line where the overloads differ in one type T only."""
    own = [(*overload.last, *overload.repeated[-1:], *overload.first)[0] for overload in signature.overloads]
    same = all(overload.result is t for overload, t in zip(signature.overloads, own, strict=True))
    generic = {
        _signature(overload, {t: "T"}, "T" if same else overload.result.value)
        for overload, t in zip(signature.overloads, own, strict=True)
    }
    if len(generic) == 1 and len(own) > 1:
        return f"{generic.pop()}; T: {', '.join(t.value for t in own)}"
    return "; ".join(_signature(overload, {}, overload.result.value) for overload in signature.overloads)


def _signature(overload: Overload, names: dict[SqlType, str], result: str) -> str:
    first, repeated, last = (
        [names.get(t, t.value) for t in part] for part in (overload.first, overload.repeated, overload.last)
    )
    return f"{', '.join([*first, *repeated, *(['…'] if repeated else []), *last])} → {result}"


def _operators(signature: Signature) -> str:
    """The operators of all overloads, contrib ones in bold."""
    names = {name for overload in signature.overloads for name in _operators_of(signature, overload)}
    return ", ".join(sorted(names, key=lambda name: name.strip("*").lower()))


def _operators_of(signature: Signature, overload: Overload) -> set[str]:
    parameters = (*overload.first, *overload.repeated * 2, *overload.last)
    constants = range(1, len(parameters)) if -1 in signature.literals else signature.literals
    arguments: list[Expression] = [
        Literal(CONSTANTS.get(type_, 0), type_) if index in constants else ColumnRef(f"c{index}", type_)
        for index, type_ in enumerate(parameters)
    ]
    modifiers = MODIFIERS.get(signature.name, ()) if len(overload.first) < 3 else ()
    call = Call(signature.name, tuple(arguments), overload.result, modifiers)
    columns = [argument for argument in arguments if isinstance(argument, ColumnRef)]
    return set(_counted([call, *columns], columns) - _counted(columns, columns))


def _counted(expressions: list[Expression], columns: list[ColumnRef]) -> Counter[str]:
    emitter = Emitter()
    layout = InputLayout(tuple(Column(column.name, column.type) for column in columns))
    compiler = Compiler(emitter, layout)
    for number, lane in enumerate(lane for each in expressions for lane in compiler.compile([each])):
        for part, tensor, dtype in (
            ("data", lane.value.data, DTYPES[lane.value.type]),
            ("valid", lane.value.valid, bool),
            ("error", lane.value.error, bool),
        ):
            if tensor is not None:
                emitter.output(f"{part}{number}", tensor, dtype, ("n", "g"))
    nodes = emitter.model().graph.node
    return Counter(f"**{node.op_type}**" if node.domain == "com.microsoft" else node.op_type
                   for node in nodes if node.op_type != "Identity")  # fmt: skip


def _analyzer_row(analyzer: AnalyzerSignature) -> tuple[str, ...]:
    options = (f"`{o.name}`" + ("" if o.default is None else f": {o.default}") for o in analyzer.options)
    types = "; ".join(f"{source.value} → {result.value}" for source, result in analyzer.types.items())
    return f"`{analyzer.usage}`", analyzer.doc, types, ", ".join(options)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
