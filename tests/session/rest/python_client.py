"""google-cloud-bigquery against a server, run in an environment of its own: what it got, as JSON."""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
from google.api_core.exceptions import BadRequest, Conflict, NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery as bq

client = bq.Client("hagane", AnonymousCredentials(), client_options={"api_endpoint": sys.argv[1]})
told: dict[str, Any] = {}


def rows(found: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in found]


def refused(kind: type[Exception], call: Callable[[], Any]) -> str:
    """What the client raises, which is of this kind."""
    try:
        call()
    except kind as error:
        return str(error)
    raise AssertionError(f"{kind.__name__} was not raised")


VALUES = """
SELECT 1 AS i, 2.5e0 AS f, 'é' AS s, TRUE AS b, b'ab' AS y, DATE '2020-01-02' AS d, TIME '01:02:03.5' AS t,
  DATETIME '2020-01-02 03:04:05' AS dt, TIMESTAMP '2020-01-02 03:04:05.000006+00' AS ts, NUMERIC '1.25' AS n,
  [1, 2] AS a, STRUCT('x' AS p, [STRUCT(1 AS q)] AS r) AS st, CAST(NULL AS INT64) AS nothing
"""
assert rows(client.query(VALUES).result()) == [
    {
        "i": 1, "f": 2.5, "s": "é", "b": True, "y": b"ab", "d": dt.date(2020, 1, 2), "t": dt.time(1, 2, 3, 500_000),
        "dt": dt.datetime(2020, 1, 2, 3, 4, 5), "ts": dt.datetime(2020, 1, 2, 3, 4, 5, 6, dt.UTC),
        "n": Decimal("1.25"), "a": [1, 2], "st": {"p": "x", "r": [{"q": 1}]}, "nothing": None,
    }
]  # fmt: skip

# Queries: both ways to send them, pages, frames, parameters.
assert rows(client.query_and_wait("SELECT 1 AS a")) == [{"a": 1}]
numbers = "SELECT n, CAST(n AS STRING) AS s FROM UNNEST(GENERATE_ARRAY(1, 2500)) AS n ORDER BY n"
assert [row.n for row in client.query(numbers).result(page_size=1000)] == list(range(1, 2501))
frame = client.query(numbers).to_dataframe(create_bqstorage_client=False)
assert (frame.shape, str(frame.n.dtype), frame.s.iloc[-1]) == ((2500, 2), "Int64", "2500")
given = [
    bq.ScalarQueryParameter("i", "INT64", 3),
    bq.ScalarQueryParameter("ts", "TIMESTAMP", dt.datetime(2020, 1, 1, tzinfo=dt.UTC)),
    bq.ScalarQueryParameter("none", "STRING", None),
    bq.ArrayQueryParameter("a", "STRING", ["x", "y"]),
    bq.StructQueryParameter("st", bq.ScalarQueryParameter("p", "FLOAT64", 0.5)),
]
asked = "SELECT @i AS i, @ts AS ts, @none AS none, @a AS a, @st.p AS p"
[row] = rows(client.query(asked, job_config=bq.QueryJobConfig(query_parameters=given)).result())
assert row == {"i": 3, "ts": given[1].value, "none": None, "a": ["x", "y"], "p": 0.5}
positional = bq.QueryJobConfig(query_parameters=[bq.ScalarQueryParameter(None, "INT64", 3)])
assert rows(client.query("SELECT ? + 1 AS a", job_config=positional).result()) == [{"a": 4}]
dry = client.query("SELECT 1 AS a", job_config=bq.QueryJobConfig(dry_run=True))
assert [(field.name, field.field_type) for field in dry.schema] == [("a", "INTEGER")]

# What goes wrong.
told["syntax"] = refused(BadRequest, lambda: client.query("SELEC 1").result())
told["missing"] = refused(NotFound, lambda: client.query("SELECT * FROM nowhere").result())
refused(NotFound, lambda: client.get_table("hagane.main.nowhere"))

# Datasets and tables.
client.create_dataset("lake")
refused(Conflict, lambda: client.create_dataset("lake"))
schema = [
    bq.SchemaField("a", "INTEGER", "REQUIRED", description="an a"),
    bq.SchemaField("s", "RECORD", fields=[bq.SchemaField("x", "STRING"), bq.SchemaField("ys", "FLOAT", "REPEATED")]),
]
table = client.create_table(bq.Table("hagane.lake.made", schema=schema))
assert [field.mode for field in table.schema] == ["REQUIRED", "NULLABLE"]
assert client.insert_rows_json(table, [{"a": 1, "s": {"x": "q", "ys": [1.5]}}, {"a": 2}]) == []
assert client.insert_rows_json(table, [{"a": 1, "b": 2}])[0]["index"] == 0
assert rows(client.list_rows(table)) == [{"a": 1, "s": {"x": "q", "ys": [1.5]}}, {"a": 2, "s": None}]
table.description = "made here"
assert client.update_table(table, ["description"]).description == "made here"
frame = pd.DataFrame({"i": [1, 2], "f": [0.5, None], "s": ["a", None], "d": [dt.date(2020, 1, 1), None],
                      "t": pd.to_datetime(["2020-01-01", "2021-01-01"], utc=True)})  # fmt: skip
assert client.load_table_from_dataframe(frame, "hagane.lake.frame").result().output_rows == 2
kinds = {field.name: field.field_type for field in client.get_table("hagane.lake.frame").schema}
assert kinds == {"i": "INTEGER", "f": "FLOAT", "s": "STRING", "d": "DATE", "t": "TIMESTAMP"}
typed = bq.LoadJobConfig(schema=[bq.SchemaField("a", "INTEGER"), bq.SchemaField("b", "STRING", "REPEATED")])
client.load_table_from_json([{"a": 1, "b": ["x"]}, {"a": 2}], "hagane.lake.json_rows", job_config=typed).result()
assert rows(client.list_rows("hagane.lake.json_rows")) == [{"a": 1, "b": ["x"]}, {"a": 2, "b": []}]
found_out = bq.LoadJobConfig(source_format="CSV", skip_leading_rows=1, autodetect=True)
client.load_table_from_file(io.BytesIO(b"a,b\n1,x\n2,\n"), "hagane.lake.text_rows", job_config=found_out).result()
assert rows(client.list_rows("hagane.lake.text_rows")) == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]
into = bq.QueryJobConfig(destination="hagane.lake.answer", write_disposition="WRITE_TRUNCATE")
client.query("SELECT 7 AS a", job_config=into).result()
assert client.copy_table("hagane.lake.answer", "hagane.lake.copied").result().state == "DONE"
refused(Conflict, lambda: client.copy_table("hagane.lake.answer", "hagane.lake.copied").result())
told["tables"] = sorted(each.table_id for each in client.list_tables("lake"))

# Scripts, changes, sessions.
job = client.query("CREATE TEMP TABLE t AS SELECT 1 AS a; SELECT a FROM t; SELECT a + 1 AS b FROM t")
assert rows(job.result()) == [{"b": 2}]
assert (job.statement_type, job.num_child_jobs, len(list(client.list_jobs(parent_job=job)))) == ("SCRIPT", 3, 3)
job = client.query("INSERT INTO lake.answer VALUES (8), (9)")
job.result()
assert (job.num_dml_affected_rows, job.dml_stats.inserted_row_count) == (2, 2)
job = client.query("CREATE TEMP TABLE t AS SELECT 41 AS a", job_config=bq.QueryJobConfig(create_session=True))
job.result()
session = bq.ConnectionProperty("session_id", job.session_info.session_id)
again = bq.QueryJobConfig(connection_properties=[session])
assert rows(client.query("SELECT a + 1 AS a FROM t", job_config=again).result()) == [{"a": 42}]

# Models.
client.query(
    "CREATE TABLE lake.rides AS SELECT n AS km, n * 2.0e0 + 3 AS price FROM UNNEST(GENERATE_ARRAY(1, 40)) AS n"
).result()
CREATE = """
CREATE OR REPLACE MODEL lake.price
OPTIONS (model_type = 'LINEAR_REG', input_label_cols = ['price'], data_split_method = 'NO_SPLIT')
AS SELECT * FROM lake.rides
"""
assert client.query(CREATE).result().total_rows in (0, None)
model = client.get_model("hagane.lake.price")
told["model"] = [
    model.model_type,
    [each.name for each in model.feature_columns],
    [each.name for each in model.label_columns],
]
[row] = rows(client.query("SELECT * FROM ML.PREDICT(MODEL lake.price, (SELECT 50 AS km))").result())
assert abs(row["predicted_price"] - 103) < 0.01
[row] = rows(client.query("SELECT r2_score FROM ML.EVALUATE(MODEL lake.price, TABLE lake.rides)").result())
assert row["r2_score"] > 0.9999
told["models"] = [each.model_id for each in client.list_models("lake")]
stats = client.query("SELECT * FROM ML.TFDV_DESCRIBE(TABLE lake.rides)").to_dataframe(create_bqstorage_client=False)
from google.protobuf import json_format  # noqa: E402
from tensorflow_metadata.proto.v0 import statistics_pb2  # noqa: E402

message = json_format.Parse(stats.iloc[0, 0], statistics_pb2.DatasetFeatureStatisticsList())
told["tfdv"] = [(each.name, each.type, len(each.num_stats.histograms)) for each in message.datasets[0].features]
client.delete_model("hagane.lake.price")
refused(NotFound, lambda: client.get_model("hagane.lake.price"))

client.delete_table("hagane.lake.copied")
refused(BadRequest, lambda: client.delete_dataset("lake"))
client.delete_dataset("lake", delete_contents=True)
sys.stdout.write(json.dumps(told) + "\n")
