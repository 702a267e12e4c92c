"""MLflow's scoring server, `mlflow models serve`, for `benchmarks/serving.py`: `KIND FOLDER PORT`, one worker.

The pipeline is saved by `mlflow.sklearn`, answering `predict_proba`; `onnx` is the bundle's graph by a `PythonModel`
of our own, since MLflow's flavour of ONNX takes no strings beside numbers.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import joblib
import mlflow.sklearn
from mlflow.pyfunc import PythonModel, PythonModelContext


class Graph(PythonModel):  # type: ignore[misc]
    def load_context(self, context: PythonModelContext) -> None:
        from peers.serving_scorer import scorer

        self.scorer = scorer("onnx", Path(context.model_config["folder"]))

    def predict(self, context: PythonModelContext, model_input, params=None):  # type: ignore[no-untyped-def]
        return self.scorer.score(model_input.to_dict("records"))


def main(kind: str, folder: str, port: str) -> None:
    place = Path(folder) / f"mlflow-{kind}"
    if not place.exists() and kind == "sklearn":
        pipeline = joblib.load(Path(folder) / "pipeline.joblib")
        mlflow.sklearn.save_model(pipeline, place, pyfunc_predict_fn="predict_proba", pip_requirements=[],
                                  serialization_format="cloudpickle")  # fmt: skip
    elif not place.exists():
        mlflow.pyfunc.save_model(place, python_model=Graph(), model_config={"folder": folder}, pip_requirements=[])
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    arguments = ["models", "serve", "-m", str(place), "-h", "127.0.0.1", "-p", port, "--env-manager", "local"]
    os.execv(sys.executable, [sys.executable, "-m", "mlflow", *arguments, "--workers", "1"])


if __name__ == "__main__":
    main(*sys.argv[1:])
