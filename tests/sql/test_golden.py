"""Error messages word for word. A new case is a new file: the expression, a line `---`, and what the user reads.

`HAGANE_UPDATE_GOLDEN=1` rewrites the answers; read the difference before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hagane.errors import ExpressionError
from hagane.sql.bind import bind
from hagane.types import Column, Schema, SqlType

CASES = sorted((Path(__file__).parent / "golden").glob("*.txt"))
SCHEMA = Schema(
    (
        Column("age", SqlType.INT64),
        Column("fare", SqlType.FLOAT64),
        Column("job", SqlType.STRING),
        Column("home town", SqlType.STRING),
        Column("emp.var.rate", SqlType.FLOAT64),
        Column("married", SqlType.BOOL),
        Column("pickup", SqlType.TIMESTAMP),
        Column("birthday", SqlType.DATE),
    )
)


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_message(path: Path) -> None:
    sql, _, expected = path.read_text(encoding="utf-8").partition("\n---\n")
    with pytest.raises(ExpressionError) as caught:
        bind(sql, SCHEMA, where="transform.x")
    message = caught.value.render() + "\n"
    if os.environ.get("HAGANE_UPDATE_GOLDEN"):
        path.write_text(f"{sql}\n---\n{message}", encoding="utf-8")
    else:
        assert message == expected


def test_there_are_cases() -> None:
    assert len(CASES) > 30
