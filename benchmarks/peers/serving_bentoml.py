"""A BentoML service with its adaptive batching, for `benchmarks/serving.py`: `KIND FOLDER PORT`, one worker."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import bentoml

from peers.serving_scorer import answer, scorer


@bentoml.service(workers=1, traffic={"timeout": 60}, metrics={"enabled": False})
class Adult:
    def __init__(self) -> None:
        self.scorer = scorer(os.environ["SERVING_KIND"], Path(os.environ["SERVING_FOLDER"]))

    @bentoml.api(batchable=True, max_batch_size=64)
    async def predict(self, instances: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = answer(self.scorer, instances)["predictions"]
        return found


if __name__ == "__main__":
    os.environ |= {"SERVING_KIND": sys.argv[1], "SERVING_FOLDER": sys.argv[2], "BENTOML_DO_NOT_TRACK": "true"}
    arguments = ["serve", f"{__spec__.name}:Adult", "--host", "127.0.0.1", "--port", sys.argv[3]]
    os.execv(sys.executable, [sys.executable, "-m", "bentoml", *arguments])
