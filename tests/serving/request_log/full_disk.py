"""A server whose request log lies on a small disk of its own, until it is full, and when it has room again.

Run in a mount namespace (`unshare -rm`): bundle's folder, folder of the log. Prints what happened as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pyarrow.parquet as pq

from hagane.serving import ServerThread
from hagane.serving.request_log import log_worker
from hagane.serving.request_log.log_options import LogOptions
from hagane.serving.request_log.log_settings import LogSettings
from hagane.serving.request_log.request_log import RequestLog

ROOM, BALLAST = 512, 300
"""Kilobytes."""
log_worker.RETRY_SECONDS = 0.1


def main(bundle: str, place: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}k", "none", place], check=True)
    ballast = Path(place, "ballast")
    ballast.write_bytes(bytes(BALLAST * 1024))
    settings = LogSettings(logs=str(Path(place, "logs")), options=LogOptions(rate=1.0, flush_seconds=0.05))
    random, told = Random(0), {"statuses": set[int]()}
    with (
        ServerThread(bundle, request_log=settings) as server,
        httpx.Client(base_url=server.url, trust_env=False) as client,
    ):
        assert server.app is not None
        (log,) = (each for each in server.app.observers if isinstance(each, RequestLog))

        def ask(name: str) -> None:
            rows = [{"job": random.randbytes(600).hex()} for _ in range(5)]
            headers = {"X-Request-Id": name}
            told["statuses"].add(client.post("/predict", json={"instances": rows}, headers=headers).status_code)
            assert log.flush(60)

        def until(number: int, done: Any) -> int:
            end = time.monotonic() + 60
            while not done():
                assert time.monotonic() < end
                ask(f"r{number}")
                number += 1
            return number

        asked = until(0, lambda: log.counts.dropped["disk"] >= 5)
        full = read(Path(place))
        assert log.counts.rows == len(full), (log.counts.rows, len(full))
        assert log.counts.requests + log.counts.dropped["disk"] == asked
        ballast.unlink()
        before = log.counts.requests
        asked = until(asked, lambda: log.counts.requests >= before + 3)
        assert log.counts.requests + sum(log.counts.dropped.values()) == asked
        after = read(Path(place))
    last = read(Path(place))
    assert len(last) == len(after) == log.counts.rows
    assert len(set(last)) == len(last), "nothing is there twice"
    assert set(full) <= set(last), "what was there is there"
    others = [each.name for each in Path(place, "logs").rglob("*") if each.is_file() and not known(each)]
    sys.stdout.write(json.dumps({"statuses": sorted(told["statuses"]), "full": len(full), "after": len(last),
                      "dropped": log.counts.dropped, "others": others}))  # fmt: skip


def read(place: Path) -> list[tuple[str, int]]:
    """Every row that any file holds: one that is half written could not be read."""
    found = []
    for file in sorted(place.rglob("requests/**/*.parquet")):
        table = pq.read_table(file, columns=["request_id", "row"])
        found += list(zip(table["request_id"].to_pylist(), table["row"].to_pylist(), strict=True))
    return found


def known(file: Path) -> bool:
    return file.suffix in (".parquet", ".json", ".lock", ".key") or file.name in ("lock", "salt")


if __name__ == "__main__":
    main(*sys.argv[1:])
