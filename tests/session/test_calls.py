"""Functions of FROM in a session: where they may stand, what they are given, how little of a stream is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec
import pyarrow as pa
import pytest

from hagane.errors import DataError, HaganeError, NotFoundError, SqlError
from hagane.session.function_call import FunctionCall
from hagane.session.functions import get_table_function
from hagane.session.session import Session
from hagane.session.table_function import FunctionContext


class DoubleOptions(msgspec.Struct, frozen=True, kw_only=True):
    factor: float = 2.0
    names: tuple[str, ...] = ()
    fail_at: int | None = None


made_batches: list[int] = []


class Double:
    """A stand-in for a function that streams: `doubled` before the column `n` of its input."""

    name = "ML.TRANSFORM"
    model: Literal["none"] = "none"
    num_data = (1, 2)
    Options = DoubleOptions

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.RecordBatchReader:
        options = call.options
        assert isinstance(options, DoubleOptions)
        (data, *others) = call.data
        schema = pa.schema([("doubled", pa.float64()), *data.schema])

        def batches() -> Iterator[pa.RecordBatch]:
            for number, batch in enumerate(data.reader()):
                made_batches.append(batch.num_rows)
                if number == options.fail_at:
                    raise DataError("the third row is no number")
                column = pa.array([value * options.factor for value in batch["n"].to_pylist()], pa.float64())
                yield pa.RecordBatch.from_arrays([column, *batch.columns], schema=schema)

        assert all(other.schema is not None for other in others)
        return pa.RecordBatchReader.from_batches(schema, batches())


class CountRows(Double):
    """A stand-in for a function that aggregates on the session's own connection."""

    name = "ML.DESCRIBE_DATA"

    def run(self, call: FunctionCall, context: FunctionContext) -> pa.Table:  # type: ignore[override]
        return context.connection.sql(f"SELECT count(*) AS num_rows FROM ({call.data[0].sql})").to_arrow_table()


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """`ML.TRANSFORM` and `ML.DESCRIBE_DATA` are these here: the session's part is tested, not theirs."""
    functions = {function.name: function for function in (Double(), CountRows())}

    def get(name: str) -> object:
        return functions.get(name) or get_table_function(name)

    monkeypatch.setattr("hagane.session.run_call.get_table_function", get)
    made_batches.clear()


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    found = Session(tmp_path_factory.mktemp("calls"))
    found.sql("CREATE TABLE t AS SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3")
    return found


def rows(session: Session, sql: str, parameters: object = None) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in session.sql(sql, parameters).rows()]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM ML.TRANSFORM((SELECT n FROM t)) ORDER BY n", [(2.0, 1), (4.0, 2), (6.0, 3)]),
        ("SELECT SUM(doubled) FROM ML.TRANSFORM(TABLE t) AS d", [(12.0,)]),
        ("SELECT SUM(doubled) FROM ML.TRANSFORM(TABLE main.t, STRUCT(10 AS factor))", [(60.0,)]),
        ("SELECT SUM(doubled) FROM ML.TRANSFORM(TABLE t, factor => 0.5)", [(3.0,)]),
        ("SELECT SUM(doubled) FROM ML.TRANSFORM(TABLE t, STRUCT(@f AS factor))", [(18.0,)]),
        ("SELECT MAX(doubled) FROM ML.TRANSFORM((SELECT CAST(doubled AS INT64) AS n FROM ML.TRANSFORM(TABLE t)))",
         [(12.0,)]),
        ("WITH w AS (SELECT n + 10 AS n FROM t), u AS (SELECT * FROM w) "
         "SELECT SUM(doubled) FROM ML.TRANSFORM((SELECT n FROM u))",
         [(72.0,)]),
        ("WITH w AS (SELECT n + 10 AS n FROM t) SELECT SUM(doubled) FROM ML.TRANSFORM(TABLE w)", [(72.0,)]),
        ("WITH w AS (SELECT * FROM ML.TRANSFORM(TABLE t)) "
         "SELECT SUM(a.doubled), COUNT(*) FROM w a JOIN w b ON a.n = b.n",
         [(12.0, 3)]),
        ("WITH w AS (SELECT CAST(doubled AS INT64) AS n FROM ML.TRANSFORM(TABLE t)) "
         "SELECT SUM(doubled) FROM ML.TRANSFORM(TABLE w)",
         [(24.0,)]),
        ("SELECT (SELECT SUM(doubled) FROM ML.TRANSFORM(TABLE t)) AS s, COUNT(*) AS c FROM t", [(12.0, 3)]),
        ("SELECT doubled FROM ML.TRANSFORM((SELECT 1 AS n)) "
         "UNION ALL SELECT doubled FROM ML.TRANSFORM((SELECT 5 AS n)) ORDER BY 1",
         [(2.0,), (10.0,)]),
        ("SELECT d.doubled, t.n FROM t JOIN ML.TRANSFORM(TABLE t) AS d USING (n) WHERE n = 3", [(6.0, 3)]),
        ("SELECT num_rows FROM ML.DESCRIBE_DATA((SELECT * FROM ML.TRANSFORM(TABLE t) WHERE n > 1))", [(2,)]),
        ("WITH t AS (SELECT 100 AS n) SELECT doubled FROM ML.TRANSFORM((WITH t AS (SELECT 7 AS n) SELECT n FROM t))",
         [(14.0,)]),
    ],
)  # fmt: skip
def test_a_call_stands_wherever_a_table_does(session: Session, sql: str, expected: list[object]) -> None:
    assert rows(session, sql, {"f": 3.0}) == expected


def test_a_view_may_call_a_function(session: Session) -> None:
    session.sql("CREATE OR REPLACE VIEW v AS SELECT doubled FROM ML.TRANSFORM(TABLE t)")
    assert rows(session, "SELECT SUM(doubled) FROM v") == [(12.0,)]


def test_a_limit_makes_no_more_rows_than_it_needs(session: Session) -> None:
    session.sql("""
      CREATE TEMP TABLE many AS
      SELECT 1 AS n FROM UNNEST(GENERATE_ARRAY(1, 2000)) AS a, UNNEST(GENERATE_ARRAY(1, 1000)) AS b""")
    assert len(rows(session, "SELECT * FROM ML.TRANSFORM(TABLE many) LIMIT 5")) == 5
    assert 0 < sum(made_batches) < 1_000_000


@pytest.mark.parametrize("most_bytes", [0, 2**20])
def test_rows_that_are_read_twice_are_made_once(
    session: Session, most_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hagane.session.kept_stream.MOST_BYTES", most_bytes)
    sql = "WITH w AS (SELECT * FROM ML.TRANSFORM(TABLE t)), v AS (SELECT n FROM w) SELECT COUNT(*) FROM v a, v b"
    assert rows(session, sql) == [(9,)]
    assert made_batches == [3]


@pytest.mark.parametrize(
    ("sql", "said", "underlined"),
    [
        ("SELECT * FROM ML.TRANSFORM(TABLE t, STRUCT(1 AS facter))", "no option 'facter'", "facter"),
        ("SELECT * FROM ML.TRANSFORM(TABLE t, facter => 1)", "no option 'facter'", "facter => 1"),
        ("SELECT * FROM ML.TRANSFORM(TABLE t, STRUCT('x' AS factor))", "the option factor", "factor"),
        ("SELECT * FROM ML.TRANSFORM(STRUCT(1 AS factor))", "takes 1 to 2", "ML.TRANSFORM(STRUCT(1 AS factor))"),
        ("SELECT * FROM ML.TRANSFORM(MODEL m, TABLE t)", "Not found: Model m", "MODEL m"),
        ("SELECT * FROM ML.TRANSFORM(TABLE tt)", "Not found: Table tt", "tt"),
        ("SELECT * FROM ML.TRANSFORM(TABLE t, STRUCT(0 AS fail_at))", "the third row is no number",
         "ML.TRANSFORM(TABLE t, STRUCT(0 AS fail_at))"),
        ("SELECT * FROM t AS o, ML.TRANSFORM((SELECT o.n AS n))", "not the columns of the query around it", "o.n"),
    ],
)  # fmt: skip
def test_faults_point_at_the_clause(session: Session, sql: str, said: str, underlined: str) -> None:
    with pytest.raises(HaganeError) as error:
        session.sql(sql).arrow()
    fault = error.value.faults[0]
    assert said in error.value.render()
    assert fault.sql[fault.start : fault.end] == underlined


def test_a_call_is_no_value(session: Session) -> None:
    with pytest.raises(SqlError):
        session.sql("SELECT ML.TRANSFORM(TABLE t)")


def test_a_function_that_does_not_run_here_is_told(session: Session) -> None:
    with pytest.raises(HaganeError) as error:
        session.sql("SELECT * FROM ML.FORECAST(MODEL m, STRUCT(3 AS horizon))")
    assert "ML.FORECAST" in error.value.render()


def test_models_are_found_by_their_datasets(session: Session) -> None:
    with pytest.raises(NotFoundError, match=r"Not found: Model p\.lake\.m"):
        session.sql("SELECT * FROM ML.PREDICT(MODEL `p.lake.m`, TABLE t)")
