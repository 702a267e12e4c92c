"""BigQuery's own client against a server on this machine that speaks its two protocols, REST and Storage Read."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import pyarrow as pa
import pytest

from hagane.data.open_table import open_table
from hagane.errors import DataError

bigquery = pytest.importorskip("google.cloud.bigquery", reason="no client of BigQuery: pip install 'hagane[bigquery]'")
storage = pytest.importorskip("google.cloud.bigquery_storage", reason="pip install 'hagane[bigquery]'")

TRIPS = pa.table({"id": pa.array(range(1000), pa.int64()), "zone": [f"zone {i % 7}" for i in range(1000)]})
RESOURCE = {
    "id": "taxi:rides.trips",
    "tableReference": {"projectId": "taxi", "datasetId": "rides", "tableId": "trips"},
    "schema": {"fields": [{"name": "id", "type": "INTEGER"}, {"name": "zone", "type": "STRING"}]},
    "numRows": "1000",
    "type": "TABLE",
}


class _Rest(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path.split("?")[0].endswith("/projects/taxi/datasets/rides/tables/trips")
        answer = RESOURCE if found else {"error": {"code": 404, "message": f"Not found: {self.path}"}}
        body = json.dumps(answer).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


def _storage_server() -> tuple[Any, int]:
    import grpc
    from google.cloud.bigquery_storage_v1 import types

    schema = types.ArrowSchema(serialized_schema=TRIPS.schema.serialize().to_pybytes())

    def create(request: Any, context: Any) -> Any:
        streams = [types.ReadStream(name=f"streams/{i}") for i in range(2)]
        return types.ReadSession(name="sessions/1", data_format="ARROW", arrow_schema=schema, streams=streams)

    def read(request: Any, context: Any) -> Iterator[Any]:
        half = TRIPS.slice(500 * int(request.read_stream[-1]), 500)
        for batch in half.slice(request.offset).to_batches(max_chunksize=100):
            rows = types.ArrowRecordBatch(serialized_record_batch=batch.serialize().to_pybytes())
            yield types.ReadRowsResponse(arrow_record_batch=rows, row_count=batch.num_rows, arrow_schema=schema)

    handlers = {
        "CreateReadSession": grpc.unary_unary_rpc_method_handler(
            create, types.CreateReadSessionRequest.deserialize, types.ReadSession.serialize
        ),
        "ReadRows": grpc.unary_stream_rpc_method_handler(
            read, types.ReadRowsRequest.deserialize, types.ReadRowsResponse.serialize
        ),
    }
    server = grpc.server(futures.ThreadPoolExecutor(4))
    service = "google.cloud.bigquery.storage.v1.BigQueryRead"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


@pytest.fixture
def warehouse(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import google.auth
    import grpc
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

    rest = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Rest)
    threading.Thread(target=rest.serve_forever, daemon=True).start()
    server, port = _storage_server()
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", f"http://127.0.0.1:{rest.server_address[1]}")
    monkeypatch.setattr(google.auth, "default", lambda **_: (AnonymousCredentials(), "taxi"))
    made = storage.BigQueryReadClient
    transport = BigQueryReadGrpcTransport(channel=grpc.insecure_channel(f"127.0.0.1:{port}"))
    monkeypatch.setattr(storage, "BigQueryReadClient", lambda: made(transport=transport))
    yield
    server.stop(None)
    rest.shutdown()
    rest.server_close()


@pytest.mark.usefixtures("warehouse")
def test_a_table_comes_over_the_storage_read_api() -> None:
    table = open_table("bigquery://taxi.rides.trips")
    found = table.query("SELECT * FROM data ORDER BY id")
    assert found.to_pydict() == TRIPS.to_pydict()


@pytest.mark.usefixtures("warehouse")
def test_faults_are_told() -> None:
    with pytest.raises(DataError, match="BigQuery refused"):
        open_table("bigquery://taxi.rides.none")
    with pytest.raises(DataError, match="another statement follows"):
        open_table("bigquery://taxi#SELECT 1; # the first\nDROP TABLE rides.trips")
    with pytest.raises(DataError, match="names no table"):
        open_table("bigquery://taxi.rides")
