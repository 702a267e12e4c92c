"""FastAPI, pydantic and a model, for `benchmarks/serving.py`: `KIND FOLDER PORT`, one worker."""

import sys
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, create_model

from peers.serving_scorer import answer, scorer

KIND, FOLDER, PORT = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
SCORER = scorer(KIND, FOLDER)
FIELDS: dict[str, Any] = {name: (type_ | None, None) for name, type_ in SCORER.columns.items()}
Row = create_model("Row", **FIELDS)


class Instances(BaseModel):
    instances: list[Row]  # type: ignore[valid-type]


class Prediction(BaseModel):
    label: str
    probabilities: list[float]


class Predictions(BaseModel):
    predictions: list[Prediction]


app = FastAPI()


@app.post("/predict", response_model=Predictions)
async def predict(body: Instances) -> Any:
    """On the event loop, without a thread in between, which is faster for a model as small as this."""
    return answer(SCORER, [vars(row) for row in body.instances])


if __name__ == "__main__":
    uvicorn.run(app, port=PORT, loop="uvloop", http="httptools", access_log=False, log_level="warning")
