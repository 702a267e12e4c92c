"""Ray Serve behind its HTTP proxy, for `benchmarks/serving.py`: `KIND FOLDER PORT`, one replica."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

os.environ |= {"RAY_USAGE_STATS_ENABLED": "0"}

import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import JSONResponse


@serve.deployment(num_replicas=1, max_ongoing_requests=256, ray_actor_options={"num_cpus": 0.5})
class Adult:
    def __init__(self, kind: str, folder: str) -> None:
        from peers.serving_scorer import scorer

        self.scorer = scorer(kind, Path(folder))

    async def __call__(self, request: Request) -> JSONResponse:
        from peers.serving_scorer import answer

        return JSONResponse(answer(self.scorer, (await request.json())["instances"]))


def main(kind: str, folder: str, port: str) -> None:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=100 << 20)
    serve.start(http_options={"host": "127.0.0.1", "port": int(port)}, logging_config={"enable_access_log": False})
    serve.run(Adult.bind(kind, folder), route_prefix="/predict")
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
