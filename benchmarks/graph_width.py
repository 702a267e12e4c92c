"""How the feature graph's cost grows with its width: time to create a session, and to answer one row.

Run: .venv/bin/python benchmarks/graph_width.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from hagane.features.compiler import DTYPES, Compiler
from hagane.features.emit import Emitter
from hagane.runtime.layout import ColumnData, InputLayout
from hagane.runtime.session import Session
from hagane.sql.expression import Call, ColumnRef, Expression, Literal
from hagane.types import Column, SqlType

WIDTHS = (15, 500, 2000)
FLOAT64, INT64, STRING = SqlType.FLOAT64, SqlType.INT64, SqlType.STRING


def number(value: float) -> Literal:
    return Literal(value, FLOAT64)


def scaled(x: Expression, index: int) -> Expression:
    return Call("/", (Call("-", (x, number(index * 0.5)), FLOAT64), number(index + 1.0)), FLOAT64)


def scaled_float64(index: int) -> Expression:
    return scaled(ColumnRef(f"c{index}", FLOAT64), index)


def scaled_int64(index: int) -> Expression:
    return scaled(Call("CAST", (ColumnRef(f"c{index}", INT64),), FLOAT64, (False,)), index)


def coalesced(index: int) -> Expression:
    return Call("COALESCE", (scaled_float64(index), number(0.0)), FLOAT64)


def bucketized(index: int) -> Expression:
    points = tuple(float(point) for point in range(9 + index % 3))
    return Call("$BUCKET", (ColumnRef(f"c{index}", FLOAT64),), INT64, (points,))


def looked_up(index: int) -> Expression:
    found = Call("$LOOKUP", (ColumnRef(f"c{index}", STRING),), INT64, (("a", "b", f"c{index}"),))
    return Call("$SLOT", (found,), INT64, (4,))


SHAPES: dict[str, tuple[SqlType, Callable[[int], Expression]]] = {
    "(x - c) / d, FLOAT64": (FLOAT64, scaled_float64),
    "(x - c) / d, INT64": (INT64, scaled_int64),
    "COALESCE((x - c) / d, 0)": (FLOAT64, coalesced),
    "bucket of 10": (FLOAT64, bucketized),
    "category, STRING": (STRING, looked_up),
}


def build(
    type_: SqlType, expression: Callable[[int], Expression], width: int
) -> tuple[Emitter, InputLayout, list[str]]:
    emitter, layout = Emitter(), InputLayout(tuple(Column(f"c{index}", type_) for index in range(width)))
    value = Compiler(emitter, layout).compile([expression(index) for index in range(width)])[0].value
    outputs = {"data": (value.data, DTYPES[value.type]), "valid": (value.valid, bool), "error": (value.error, bool)}
    for name, (tensor, dtype) in outputs.items():
        if tensor is not None:
            emitter.output(name, tensor, dtype, ("n", width))
    return emitter, layout, [name for name, (tensor, _) in outputs.items() if tensor is not None]


def one_row(type_: SqlType, width: int) -> dict[str, ColumnData]:
    value = np.array(["a"], object) if type_ is STRING else np.array([3]).astype(DTYPES[type_])
    return {f"c{index}": ColumnData(value) for index in range(width)}


def microseconds(call: Callable[[], object], times: int) -> float:
    measured = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        measured.append(time.perf_counter() - start)
    return statistics.median(measured) * 1e6


def main() -> None:
    print(f"{'shape':<26}{'columns':>8}{'nodes':>7}{'compile ms':>12}{'session ms':>12}{'one row µs':>12}")
    for name, (type_, expression) in SHAPES.items():
        for width in WIDTHS:
            start = time.perf_counter()
            emitter, layout, outputs = build(type_, expression, width)
            model = emitter.model()
            compile_ms = (time.perf_counter() - start) * 1e3
            content = model.SerializeToString()
            session_ms = microseconds(lambda content=content: Session(content), 3) / 1e3
            session, feed = Session(content), layout.feed(one_row(type_, width))
            row = microseconds(lambda session=session, feed=feed, outputs=outputs: session.run(feed, outputs), 300)
            print(f"{name:<26}{width:>8}{len(model.graph.node):>7}{compile_ms:>12.1f}{session_ms:>12.1f}{row:>12.1f}")


if __name__ == "__main__":
    main()
