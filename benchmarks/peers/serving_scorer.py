"""`scorer`: how a peer of `benchmarks/serving.py` predicts, without Hagane.

Either by the graph of Hagane's bundle in ONNX Runtime, on one thread, or by scikit-learn's pipeline on an array of
objects: each the fastest that is known to us and still what one would write.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

TYPES: dict[str, type] = {"FLOAT64": float, "INT64": int, "STRING": str}


class Scorer(Protocol):
    classes: list[str]
    columns: dict[str, type]

    def score(self, rows: Sequence[Mapping[str, Any]]) -> list[list[float]]:
        """The probabilities of the classes, row by row."""
        ...


def scorer(kind: str, folder: Path) -> Scorer:
    """Of `onnx` or `sklearn`; `folder` is what `benchmarks/serving.py` made."""
    about = json.loads((folder / "case.json").read_text())
    columns = {name: TYPES[type_] for name, type_ in about["columns"].items()}
    return (OnnxScorer if kind == "onnx" else PipelineScorer)(folder, about, columns)


def answer(scored: Scorer, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What peers answer: each row's likeliest class and all probabilities."""
    found = scored.score(rows)
    return {"predictions": [{"label": scored.classes[max(range(len(p)), key=p.__getitem__)], "probabilities": p}
                            for p in found]}  # fmt: skip


class OnnxScorer:
    def __init__(self, folder: Path, about: dict[str, Any], columns: dict[str, type]) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(about["graph"], options, providers=["CPUExecutionProvider"])
        self.classes, self.columns = about["classes"], columns
        self.floats = [name for name, type_ in columns.items() if type_ is float]
        self.integers = [name for name, type_ in columns.items() if type_ is int]
        self.strings = [name for name, type_ in columns.items() if type_ is str]
        self.others = [name for name, type_ in columns.items() if type_ is not float]

    def score(self, rows: Sequence[Mapping[str, Any]]) -> list[list[float]]:
        feed: dict[str, Any] = {
            "packed.validity": np.array([[row[name] is not None for name in self.others] for row in rows])
        }
        if self.floats:
            feed["packed.float64"] = np.array([[row[name] for name in self.floats] for row in rows], np.float64)
        if self.integers:
            feed["packed.int64"] = np.array([[row[name] or 0 for name in self.integers] for row in rows], np.int64)
        for name in self.strings:
            feed[f"string.{name}"] = np.array([[row[name] or ""] for row in rows], object)
        found: list[list[float]] = self.session.run(["probabilities"], feed)[0].tolist()
        return found


class PipelineScorer:
    """Rounded: the last bits of its answer depend on what rows are beside it, and answers are compared by bytes."""

    def __init__(self, folder: Path, about: dict[str, Any], columns: dict[str, type]) -> None:
        import joblib

        self.pipeline = joblib.load(folder / "pipeline.joblib")
        self.classes, self.columns = about["classes"], columns

    def score(self, rows: Sequence[Mapping[str, Any]]) -> list[list[float]]:
        values = np.array([[row[name] for name in self.columns] for row in rows], object)
        found: list[list[float]] = np.round(self.pipeline.predict_proba(values), 9).tolist()
        return found
