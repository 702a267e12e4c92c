"""`CONTENDERS`: who is measured by `benchmarks/serving.py`, how each is started, asked and understood."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from peers.serving_case import Case, probability

Row = dict[str, Any]
Role = Literal["hello", "limit", "hagane", "peer", "onnx peer"]


@dataclass(frozen=True)
class Contender:
    name: str
    role: Role
    """`peer`: another server with scikit-learn's pipeline, as one would first write it; `onnx peer`: the same server
    with the bundle's graph in ONNX Runtime; `hello` says hello; `limit` too, by no server at all."""
    environment: str | None
    """A file of pins beside this one; None for Hagane's own."""
    arguments: tuple[str, ...]
    """Of Python. `{folder}`, `{bundle}` and `{port}` are put in."""
    path: str = "/predict"
    body: Callable[[Row], Any] = lambda row: {"instances": [row]}
    read: Callable[[Any, Case], float] | None = None
    """The probability of the last class in an answer; None where hello is said."""
    truth: Literal["bundle", "pipeline"] = "pipeline"
    every_core: bool = False
    """Not held to one core: it cannot be run on one."""

    def command(self, python: Path | str, case: Case, port: int) -> list[str]:
        places = {"folder": str(case.folder), "bundle": str(case.bundle), "port": str(port)}
        return [str(python), *(each.format(**places) for each in self.arguments)]

    def right(self, case: Case) -> list[float]:
        return case.bundle_truth if self.truth == "bundle" else case.pipeline_truth


def _of_hagane(answer: Any, case: Case) -> float:
    return probability(answer["predictions"][0], case.classes[-1])


def _of_peer(answer: Any, case: Case) -> float:
    return float(answer["predictions"][0]["probabilities"][-1])


def _of_bentoml(answer: Any, case: Case) -> float:
    return float(answer[0]["probabilities"][-1])


def _of_mlflow(answer: Any, case: Case) -> float:
    return float(answer["predictions"][0][-1])


def _split(row: Row) -> Any:
    return {"dataframe_split": {"columns": list(row), "data": [list(row.values())]}}


def _module(name: str, kind: str) -> tuple[str, ...]:
    return "-m", f"peers.{name}", kind, "{folder}", "{port}"


def _hello(name: str, kind: str, role: Role = "hello") -> Contender:
    return Contender(name, role, "serving_web", _module("serving_hello", kind))


def _hagane(name: str, *more: str) -> Contender:
    arguments = "-m", "hagane.fronts.cli", "serve", "{bundle}", "--port", "{port}", *more
    return Contender(name, "hagane", None, arguments, read=_of_hagane, truth="bundle")


def _pair(name: str, environment: str, module: str, **more: Any) -> list[Contender]:
    """A server with either model."""
    more = {"read": _of_peer} | more
    return [
        Contender(f"{name}, scikit-learn", "peer", environment, _module(module, "sklearn"), **more),
        Contender(f"{name}, ONNX Runtime", "onnx peer", environment, _module(module, "onnx"), truth="bundle", **more),
    ]


HAGANE = _hagane("hagane serve")
TWO_WORKERS = _hagane("hagane serve, 2 workers", "--workers", "2")
"""Measured beside one worker, on one connection."""
CONTENDERS: dict[str, list[Contender]] = {
    "hello": [_hello("uvicorn, hello", "uvicorn"), _hello("granian ASGI, hello", "asgi"),
              _hello("granian RSGI, hello", "rsgi"), _hello("uvloop + httptools, hello", "raw", "limit")],
    "hagane": [HAGANE],
    "fastapi": _pair("FastAPI", "serving_web", "serving_fastapi"),
    "mlflow": _pair("MLflow", "serving_mlflow", "serving_mlflow", path="/invocations", body=_split, read=_of_mlflow),
    "bentoml": _pair("BentoML", "serving_bentoml", "serving_bentoml", read=_of_bentoml),
    "ray": _pair("Ray Serve", "serving_ray", "serving_ray", every_core=True),
}  # fmt: skip
"""What `--only` names → who that is."""
FASTAPI_ONNX = CONTENDERS["fastapi"][1]
OWN_PYTHON = sys.executable
