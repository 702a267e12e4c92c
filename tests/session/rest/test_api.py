"""The API's methods, as a client asks them."""

from __future__ import annotations

import gzip
import http.client
import json
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest
from bigquery_api import PROJECT, Api

from hagane.errors import ServeError
from hagane.session.rest.bigquery_server import BigQueryServerThread, bigquery_app


def job_body(sql: str, job_id: str = "", **configuration) -> dict:
    reference = {"jobReference": {"projectId": "hagane", "jobId": job_id}} if job_id else {}
    return {"configuration": {"query": {"query": sql, "useLegacySql": False, **configuration}}} | reference


def ended(api: Api, job_id: str) -> dict:
    api("GET", f"/queries/{job_id}", query="maxResults=0&timeoutMs=60000")
    return api("GET", f"/jobs/{job_id}")


def test_a_query_is_answered_at_once(api):
    answer = api.query("SELECT 1 AS a, [STRUCT('x' AS b)] AS c, TIMESTAMP '2020-01-01' AS t")
    assert answer["jobComplete"]
    assert answer["totalRows"] == "1"
    assert answer["rows"] == [{"f": [{"v": "1"}, {"v": [{"v": {"f": [{"v": "x"}]}}]}, {"v": "1577836800000000"}]}]
    inner = {"name": "b", "type": "STRING", "mode": "NULLABLE"}
    assert answer["schema"]["fields"] == [
        {"name": "a", "type": "INTEGER", "mode": "NULLABLE"},
        {"name": "c", "type": "RECORD", "mode": "REPEATED", "fields": [inner]},
        {"name": "t", "type": "TIMESTAMP", "mode": "NULLABLE"},
    ]


def test_a_job_is_begun_asked_and_read_by_pages(api):
    api("POST", "/jobs", job_body("SELECT n FROM UNNEST(GENERATE_ARRAY(1, 25)) AS n ORDER BY n", "pages"))
    job = ended(api, "pages")
    assert job["status"] == {"state": "DONE"}
    assert job["statistics"]["query"]["statementType"] == "SELECT"
    table = job["configuration"]["query"]["destinationTable"]
    read, token = [], ""
    while True:
        page = api("GET", "/queries/pages", query=f"maxResults=10&pageToken={token}")
        read += [row["f"][0]["v"] for row in page["rows"]]
        token = page.get("pageToken", "")
        if not token:
            break
    assert read == [str(n) for n in range(1, 26)]
    path = f"/datasets/{table['datasetId']}/tables/{table['tableId']}"
    assert api("GET", path)["numRows"] == "25"
    assert len(api("GET", f"{path}/data", query="startIndex=20")["rows"]) == 5
    assert api.rows(f"SELECT SUM(n) FROM `hagane.{table['datasetId']}.{table['tableId']}`") == [["325"]]


def test_a_name_is_taken_once(api):
    api("POST", "/jobs", job_body("SELECT 1", "once"))
    assert api("POST", "/jobs", job_body("SELECT 1", "once"), status=409)["error"]["errors"][0]["reason"] == "duplicate"
    assert api("GET", "/jobs/never", status=404)["error"]["errors"][0]["reason"] == "notFound"


def test_errors_are_the_jobs_and_the_answers(api):
    api("POST", "/jobs", job_body("SELECT nope FROM (SELECT 1 AS x)", "wrong"))
    error = api("GET", "/queries/wrong", status=400)["error"]
    assert error["errors"][0]["reason"] == "invalidQuery"
    assert error["errors"][0]["location"] == "query"
    assert "nope" in error["message"]
    assert api("GET", "/jobs/wrong")["status"]["errorResult"]["reason"] == "invalidQuery"
    assert api.query("SELECT * FROM nowhere", status=404)["error"]["status"] == "NOT_FOUND"
    assert api.query("SELEC 1", status=400)["error"]["code"] == 400
    assert api.query("SELECT 1", status=400, useLegacySql=True)["error"]["message"].startswith("legacy SQL")


def test_parameters_and_a_dry_run(api):
    parameter = {"name": "n", "parameterType": {"type": "INT64"}, "parameterValue": {"value": "41"}}
    assert api.rows("SELECT @n + 1", queryParameters=[parameter], parameterMode="NAMED") == [["42"]]
    body = job_body("SELECT 1 AS a")
    body["configuration"]["dryRun"] = True
    job = api("POST", "/jobs", body)
    assert job["status"]["state"] == "DONE"
    assert job["statistics"]["query"]["schema"]["fields"][0]["name"] == "a"
    body = job_body("CREATE TABLE dry AS SELECT 1 AS a")
    body["configuration"]["dryRun"] = True
    api("POST", "/jobs", body)
    api("GET", "/datasets/main/tables/dry", status=404)


def test_a_script_has_a_job_for_each_statement(api):
    sql = "CREATE TEMP TABLE s AS SELECT 1 AS a; SELECT a FROM s; SELECT a + 1 AS b FROM s"
    api("POST", "/jobs", job_body(sql, "script"))
    job = ended(api, "script")
    assert job["statistics"]["query"]["statementType"] == "SCRIPT"
    assert job["statistics"]["numChildJobs"] == "3"
    assert [row["f"][0]["v"] for row in api("GET", "/queries/script")["rows"]] == ["2"]
    children = api("GET", "/jobs", query="parentJobId=script")["jobs"]
    assert [child["statistics"]["query"]["statementType"] for child in reversed(children)][1:] == ["SELECT", "SELECT"]


def test_rows_that_are_changed_are_counted(api):
    api.query("CREATE OR REPLACE TABLE counted AS SELECT 1 AS a UNION ALL SELECT 2")
    assert api.query("INSERT INTO counted VALUES (3), (4)")["numDmlAffectedRows"] == "2"
    assert api.query("DELETE FROM counted WHERE a > 2")["dmlStats"] == {"deletedRowCount": "2"}


def test_a_destination_is_filled_as_it_is_told(api):
    table = {"projectId": "hagane", "datasetId": "main", "tableId": "filled"}

    def fill(sql: str, job_id: str, **more) -> dict:
        api("POST", "/jobs", job_body(sql, job_id, destinationTable=table, **more))
        api.raw("GET", f"{PROJECT}/queries/{job_id}", query="timeoutMs=60000")
        return api("GET", f"/jobs/{job_id}")["status"]

    assert fill("SELECT 1 AS a;", "fill1") == {"state": "DONE"}
    assert fill("SELECT 2 AS a", "fill2")["errorResult"]["reason"] == "duplicate"
    fill("SELECT 3 AS a", "fill3", writeDisposition="WRITE_APPEND")
    assert api.rows("SELECT a FROM filled ORDER BY a") == [["1"], ["3"]]
    fill("SELECT 5 AS b", "fill4", writeDisposition="WRITE_TRUNCATE")
    assert api.rows("SELECT * FROM filled") == [["5"]]


def test_datasets(api):
    body = {"datasetReference": {"datasetId": "lake"}, "description": "all of it", "labels": {"team": "data"}}
    assert api("POST", "/datasets", body)["description"] == "all of it"
    assert api("POST", "/datasets", body, status=409)["error"]["status"] == "ALREADY_EXISTS"
    assert {each["datasetReference"]["datasetId"] for each in api("GET", "/datasets")["datasets"]} >= {"main", "lake"}
    assert api("PATCH", "/datasets/lake", {"description": "less"})["labels"] == {"team": "data"}
    api.query("CREATE TABLE lake.t AS SELECT 1 AS a")
    api("DELETE", "/datasets/lake", status=400)
    api("DELETE", "/datasets/lake", query="deleteContents=true")
    api("GET", "/datasets/lake", status=404)


def test_tables_with_rows_that_are_streamed(api):
    fields = [
        {"name": "a", "type": "INTEGER", "mode": "REQUIRED"},
        {"name": "s", "type": "RECORD", "fields": [{"name": "x", "type": "STRING"}]},
        {"name": "tags", "type": "STRING", "mode": "REPEATED"},
    ]
    body = {"tableReference": {"tableId": "streamed"}, "schema": {"fields": fields}, "description": "rows come"}
    made = api("POST", "/datasets/main/tables", body)
    assert [field["mode"] for field in made["schema"]["fields"]] == ["REQUIRED", "NULLABLE", "REPEATED"]
    assert made["description"] == "rows come"
    path = "/datasets/main/tables/streamed"
    rows = [{"json": {"a": 1, "s": {"x": "é"}, "tags": ["t"]}}, {"json": {"a": 2}}]
    assert "insertErrors" not in api("POST", f"{path}/insertAll", {"rows": rows})
    strange = api("POST", f"{path}/insertAll", {"rows": [{"json": {"a": 1}}, {"json": {"b": 1}}]})
    assert [each["index"] for each in strange["insertErrors"]] == [1]
    assert api("POST", f"{path}/insertAll", {"rows": [{"json": {"s": None}}]})["insertErrors"][0]["index"] == 0
    read = api("GET", f"{path}/data", query="selectedFields=a,tags")["rows"]
    assert [[cell["v"] for cell in row["f"]] for row in read] == [["1", [{"v": "t"}]], ["2", []]]
    assert api("GET", path)["numRows"] == "2"
    listed = [each["tableReference"]["tableId"] for each in api("GET", "/datasets/main/tables")["tables"]]
    assert "streamed" in listed
    api("DELETE", path)
    api("GET", path, status=404)


def test_views_and_columns_that_are_added(api):
    api.query("CREATE OR REPLACE TABLE base AS SELECT 1 AS a")
    view = {"tableReference": {"tableId": "seen"}, "view": {"query": "SELECT a + 1 AS b FROM base"}}
    assert api("POST", "/datasets/main/tables", view)["type"] == "VIEW"
    assert api("GET", "/datasets/main/tables/seen")["schema"]["fields"][0]["name"] == "b"
    assert "type VIEW" in api("GET", "/datasets/main/tables/seen/data", status=400)["error"]["message"]
    fields = [{"name": "a", "type": "INTEGER"}, {"name": "c", "type": "STRING"}]
    api("PATCH", "/datasets/main/tables/base", {"schema": {"fields": fields}})
    assert api.rows("SELECT * FROM base") == [["1", None]]
    api("PATCH", "/datasets/main/tables/base", {"schema": {"fields": fields[1:]}}, status=400)


def load(api: Api, content: bytes, job_id: str, **configuration) -> dict:
    """By one request of two parts."""
    table = {"projectId": "hagane", "datasetId": "main", "tableId": configuration.pop("table", "loaded")}
    job = {"configuration": {"load": {"destinationTable": table, **configuration}}, "jobReference": {"jobId": job_id}}
    parts = (
        b"--==b==\r\ncontent-type: application/json\r\n\r\n%b\r\n--==b==\r\ncontent-type: */*\r\n\r\n%b\r\n--==b==--"
    )
    response = api.raw(
        "POST",
        f"/upload{PROJECT}/jobs",
        parts % (json.dumps(job).encode(), content),
        "uploadType=multipart",
        content_type='multipart/related; boundary="==b=="',
    )
    assert response.status == 200, response.body
    deadline = time.monotonic() + 60
    while (found := api("GET", f"/jobs/{job_id}"))["status"]["state"] != "DONE" and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def test_files_are_loaded(api):
    fields = [{"name": "a", "type": "INTEGER"}, {"name": "b", "type": "STRING"}]
    job = load(api, b'a,b\n1,"x\ny"\n2,\n', "csv", sourceFormat="CSV", skipLeadingRows=1, schema={"fields": fields})
    assert job["status"] == {"state": "DONE"}
    assert job["statistics"]["load"]["outputRows"] == "2"
    job = load(api, b'{"b": "z", "a": 3}\n', "json", sourceFormat="NEWLINE_DELIMITED_JSON")
    assert job["status"] == {"state": "DONE"}
    assert api.rows("SELECT * FROM loaded ORDER BY a") == [["1", "x\ny"], ["2", None], ["3", "z"]]
    wrong = load(api, b"x,y\n", "bad", sourceFormat="CSV", schema={"fields": fields})["status"]["errorResult"]
    assert wrong["reason"] == "invalidQuery"
    assert len(api.rows("SELECT * FROM loaded")) == 3
    assert load(api, b"", "avro", sourceFormat="AVRO")["status"]["errorResult"]["reason"] == "notImplemented"


def test_a_file_comes_in_pieces(api):
    table = {"datasetId": "main", "tableId": "pieces"}
    load_ = {"destinationTable": table, "sourceFormat": "CSV", "autodetect": True, "skipLeadingRows": 1}
    body = {"configuration": {"load": load_}, "jobReference": {"jobId": "pieces"}}
    begun = api.raw("POST", f"/upload{PROJECT}/jobs", json.dumps(body).encode(), "uploadType=resumable")
    place = urllib.parse.urlsplit(dict(begun.headers)[b"location"].decode())
    content = b"n\n" + b"".join(b"%d\n" % n for n in range(100))

    def put(piece: bytes, content_range: str):
        return api.raw("PUT", place.path, piece, place.query, content_range=content_range)

    first = put(content[:50], "bytes 0-49/*")
    assert (first.status, dict(first.headers)[b"range"]) == (308, b"bytes=0-49")
    assert put(b"", "bytes */*").status == 308
    assert put(content[10:60], "bytes 10-59/*").status == 400
    assert put(content[50:], f"bytes 50-{len(content) - 1}/{len(content)}").status == 200
    api_rows = []
    deadline = time.monotonic() + 60
    while api("GET", "/jobs/pieces")["status"]["state"] != "DONE" and time.monotonic() < deadline:
        time.sleep(0.02)
    api_rows = api.rows("SELECT COUNT(*), SUM(n) FROM pieces")
    assert api_rows == [["100", "4950"]]


def test_tables_are_copied(api):
    api.query("CREATE OR REPLACE TABLE source AS SELECT 1 AS a")
    target = {"datasetId": "main", "tableId": "target"}
    copy = {"sourceTables": [{"datasetId": "main", "tableId": "source"}] * 2, "destinationTable": target}
    api("POST", "/jobs", {"configuration": {"copy": copy}, "jobReference": {"jobId": "copy"}})
    deadline = time.monotonic() + 60
    while api("GET", "/jobs/copy")["status"]["state"] != "DONE" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert api.rows("SELECT COUNT(*) FROM target") == [["2"]]
    api("POST", "/jobs", {"configuration": {"extract": {}}}, status=501)


def test_what_runs_is_cancelled(api):
    numbers = "UNNEST(GENERATE_ARRAY(1, 300000))"
    slow = f"SELECT COUNT(*) FROM {numbers} AS a JOIN {numbers} AS b ON MOD(a * b, 7) = 3"
    api("POST", "/jobs", job_body(slow, "slow"))
    while api("GET", "/jobs/slow")["status"]["state"] == "PENDING":
        time.sleep(0.01)
    api("POST", "/jobs/slow/cancel")
    deadline = time.monotonic() + 120
    while (job := api("GET", "/jobs/slow"))["status"]["state"] != "DONE" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert job["status"]["errorResult"]["reason"] == "stopped"


def test_a_session_is_shared_and_ended(api):
    first = api.query("CREATE TEMP TABLE kept AS SELECT 41 AS a", createSession=True)
    name = first["sessionInfo"]["sessionId"]
    mine = {"connectionProperties": [{"key": "session_id", "value": name}]}
    assert api.rows("SELECT a + 1 FROM kept", **mine) == [["42"]]
    api.query("SELECT a FROM kept", status=404)
    api.query("CREATE TEMP TABLE `_SESSION`.`wide` (a INT64)", **mine)
    api.query(f"INSERT INTO `_session_{name}`.wide VALUES (7)")
    assert api.rows("SELECT a FROM _SESSION.wide", **mine) == [["7"]]
    api.query(f"CALL BQ.ABORT_SESSION('{name}')")
    api.query("SELECT 1", status=404, **mine)
    api("GET", f"/datasets/_session_{name}", status=404)


def test_only_this_machine_is_answered(api, tmp_path):
    assert api.raw("GET", f"{PROJECT}/datasets", host="evil.example:9050").status == 401
    assert api.raw("GET", f"{PROJECT}/datasets", host="[::1").status == 401
    assert api.raw("GET", f"{PROJECT}/datasets", host="[::1]:9050").status == 200
    assert api.raw("GET", f"{PROJECT}/datasets", origin="http://evil.example").status == 401
    assert api.raw("GET", f"{PROJECT}/datasets", host="localhost:9050").status == 200
    closed = Api(tmp_path, token="secret")
    try:
        assert closed.raw("GET", f"{PROJECT}/datasets").status == 401
        assert closed.raw("GET", f"{PROJECT}/datasets", authorization="Bearer wrong").status == 401
        assert closed.raw("GET", f"{PROJECT}/datasets", authorization="Bearer secret").status == 200
        assert closed.raw("GET", f"{PROJECT}/datasets", authorization="Bearer secret", host="a.example").status == 200
    finally:
        closed.app.close()
    with pytest.raises(ServeError, match="could run SQL"):
        bigquery_app(tmp_path, host="0.0.0.0")


def test_the_rows_of_a_table_come_by_pages(api, monkeypatch):
    monkeypatch.setattr("hagane.session.rest.table_api.PAGE_CELLS", 20)
    api.query("CREATE OR REPLACE TABLE long AS SELECT n, n + 1 AS m FROM UNNEST(GENERATE_ARRAY(1, 25)) AS n")
    found, token = [], ""
    while True:
        page = api("GET", "/datasets/main/tables/long/data", query=f"pageToken={token}")
        assert (page["totalRows"], len(page["rows"]) <= 10) == ("25", True)
        found += [row["f"][0]["v"] for row in page["rows"]]
        token = page.get("pageToken", "")
        if not token:
            break
    assert sorted(map(int, found)) == list(range(1, 26))


def test_what_cannot_be_read_is_refused(api):
    assert api.query("SELECT 1", status=501, queryResultsFormat="ARROW")["error"]["code"] == 501
    assert api.raw("POST", f"{PROJECT}/queries", b"{").status == 400
    assert api.raw("POST", f"{PROJECT}/queries", b"x", content_encoding="gzip").status == 400
    assert api.raw("GET", "/nothing/here").status == 404
    assert api.raw("GET", f"{PROJECT}/jobs", query="maxResults=-1").status == 400
    packed = gzip.compress(json.dumps({"query": "SELECT 1", "useLegacySql": False}).encode())
    assert api.raw("POST", f"{PROJECT}/queries", packed, content_encoding="gzip").status == 200


def test_over_a_socket_by_many_at_once(tmp_path):
    def ask(number: int) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        body = json.dumps({"query": f"SELECT {number} AS n", "useLegacySql": False})
        connection.request("POST", f"{PROJECT}/queries", body)
        found = json.loads(connection.getresponse().read())
        connection.close()
        return found["rows"][0]["f"][0]["v"]

    with BigQueryServerThread(tmp_path) as server:
        port = urllib.parse.urlsplit(server.url).port or 0
        with ThreadPoolExecutor(6) as threads:
            assert list(threads.map(ask, range(12))) == [str(number) for number in range(12)]
