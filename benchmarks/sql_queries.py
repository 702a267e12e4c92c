"""Plain queries of BigQuery's, rewritten, beside the same written by hand in DuckDB's SQL.

    python benchmarks/sql_queries.py [--rows 10000000] [--repeats 5]

Each pair is run in turn over one generated Parquet file, on one connection; what is compared is CPU seconds of the
process, the least of the repeats. The last column is rewritten / by hand: at most 1.05 is asked of the total.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import duckdb

from hagane.data.query_functions.add_query_functions import add_query_functions
from hagane.sql.queries.parse_query import parse_query
from hagane.sql.queries.query_schema import NoTables, QueryTable
from hagane.sql.queries.rewrite_query import rewrite_query

ROWS = """
SELECT i AS id, (i * 2654435761 % 1000000) / 1000.0e0 AS distance, CAST(i % 6 AS BIGINT) AS passengers,
       ['Cash', 'Card', 'App', 'None'][1 + i % 7 % 4] AS payment,
       make_timestamptz(1577836800000000 + CAST(hash(i) % 31536000 AS BIGINT) * 1000000) AS started,
       5e0 + hash(i) % 100 AS fare, CASE WHEN i % 9 = 0 THEN NULL ELSE hash(i + 1) % 20 / 2e0 END AS tip
FROM range({rows}) t(i)
"""
PAIRS = {
    "group": (
        "SELECT payment, COUNT(*) AS n, AVG(fare) AS fare, SUM(tip) AS tip, MAX(distance) AS far FROM trips "
        "WHERE distance > 10 AND passengers BETWEEN 1 AND 4 GROUP BY payment ORDER BY payment",
        "SELECT payment, count(*) AS n, avg(fare) AS fare, sum(tip) AS tip, max(distance) AS far FROM trips "
        "WHERE distance > 10 AND passengers BETWEEN 1 AND 4 GROUP BY payment ORDER BY payment NULLS FIRST",
    ),
    "arithmetic": (
        "SELECT SUM(fare * (1 - tip / 100)) AS s, SUM(fare * distance) AS d, AVG(fare + tip) AS a FROM trips",
        "SELECT sum(fare * (1 - tip / 100)) AS s, sum(fare * distance) AS d, avg(fare + tip) AS a FROM trips",
    ),
    "time": (
        "SELECT EXTRACT(DAYOFWEEK FROM started) AS w, EXTRACT(HOUR FROM started) AS h, COUNT(*) AS n FROM trips "
        "GROUP BY w, h ORDER BY w, h",
        "SELECT dayofweek(make_timestamp(epoch_us(started))) + 1 AS w, hour(make_timestamp(epoch_us(started))) AS h, "
        "count(*) AS n FROM trips GROUP BY w, h ORDER BY w, h",
    ),
    "text": (
        "SELECT UPPER(SUBSTR(payment, 1, 2)) AS p, COUNTIF(payment LIKE 'C%') AS c FROM trips GROUP BY p ORDER BY p",
        "SELECT upper(substring(payment, 1, 2)) AS p, count(CASE WHEN payment LIKE 'C%' THEN 1 END) AS c FROM trips "
        "GROUP BY p ORDER BY p",
    ),
    "conditions": (
        "SELECT COUNTIF(tip > 3) AS a, SUM(IF(fare > 50, 1, 0)) AS b, COUNT(DISTINCT passengers) AS c, MIN(fare) AS d "
        "FROM trips",
        "SELECT count(*) FILTER (tip > 3) AS a, sum(CASE WHEN fare > 50 THEN 1 ELSE 0 END) AS b, "
        "count(DISTINCT passengers) AS c, min(fare) AS d FROM trips",
    ),
    "window": (
        "SELECT payment, AVG(d) AS a FROM (SELECT payment, "
        "fare - LAG(fare) OVER (PARTITION BY payment ORDER BY id) AS d FROM trips "
        "WHERE MOD(id, 10) = 0) GROUP BY payment ORDER BY payment",
        "SELECT payment, avg(d) AS a FROM (SELECT payment, "
        "fare - lag(fare) OVER (PARTITION BY payment ORDER BY id) AS d FROM trips "
        "WHERE id % 10 = 0) GROUP BY payment ORDER BY payment",
    ),
    "quotient": (
        "SELECT AVG(fare / passengers) AS q FROM trips WHERE passengers > 0",
        "SELECT avg(fare / passengers) AS q FROM trips WHERE passengers > 0",
    ),
}


class _Trips(NoTables):
    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        described = connection.sql("DESCRIBE trips").to_arrow_table().to_pylist()
        self._columns = tuple((row["column_name"], row["column_type"]) for row in described)

    def table(self, path: object) -> QueryTable:
        return QueryTable(name="trips", sql="trips", columns=self._columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        path = Path(folder) / "trips.parquet"
        connection.execute(f"COPY ({ROWS.format(rows=asked.rows)}) TO '{path}' (FORMAT parquet)")
        connection.execute(f"CREATE VIEW trips AS SELECT * FROM '{path}'")
        _compare(connection, asked.repeats)


def _compare(connection: duckdb.DuckDBPyConnection, repeats: int) -> None:
    schema, totals = _Trips(connection), [0.0, 0.0]
    for name, (query, by_hand) in PAIRS.items():
        began = time.process_time()
        rewritten = rewrite_query(parse_query(query), schema=schema, sql=query)
        writing = time.process_time() - began
        add_query_functions(connection, rewritten.functions)
        seconds: tuple[list[float], list[float]] = ([], [])
        for _ in range(repeats):
            counts = []
            for turn, sql in enumerate((rewritten.sql, by_hand)):
                began = time.process_time()
                counts.append(connection.sql(sql).to_arrow_table().num_rows)
                seconds[turn].append(time.process_time() - began)
            assert counts[0] == counts[1], name
        best = [min(taken) for taken in seconds]
        totals = [total + one for total, one in zip(totals, best, strict=True)]
        print(
            f"{name:12} {best[0]:7.3f} s {best[1]:7.3f} s  {best[0] / best[1]:.3f}   written in {writing * 1e3:.1f} ms"
        )
    print(f"{'total':12} {totals[0]:7.3f} s {totals[1]:7.3f} s  {totals[0] / totals[1]:.3f}")


if __name__ == "__main__":
    main()
