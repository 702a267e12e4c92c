"""AutoGluon's side of `benchmarks/automl.py`, in an environment of its own (`autogluon.txt`).

    python -m peers.autogluon_contender FILE LABEL METRIC SECONDS FOLDER ANSWER [PRESETS]

Fits on the rows of FILE whose `part` is TRAIN, as its documentation advises (`fit`, a time limit, nothing else), scores
those whose part is TEST, and writes ANSWER (JSON): scores of the test rows, seconds, bytes of what is deployed
(`clone_for_deployment`), and what one row takes with the models held in memory (`persist`).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from peers.automl_answer import Answer, clocked_rows, folder_bytes


def main() -> None:
    began, processor = time.perf_counter(), time.process_time()
    file, label, metric, seconds, folder, answer, *presets = sys.argv[1:]
    import pandas as pd
    from autogluon.tabular import TabularPredictor

    frame = pd.read_parquet(file)
    train, test = (frame[frame["part"] == part].drop(columns="part") for part in ("TRAIN", "TEST"))
    predictor = TabularPredictor(label=label, eval_metric=metric, path=folder, verbosity=1)
    predictor.fit(train, time_limit=float(seconds), presets=presets[0] if presets else None)
    fitted = time.perf_counter() - began, time.process_time() - processor
    rows = test.drop(columns=label)
    scores = (
        predictor.predict(rows) if predictor.problem_type == "regression" else predictor.predict_proba(rows).iloc[:, -1]
    )
    predictor.persist()
    one = predictor.predict if predictor.problem_type == "regression" else predictor.predict_proba
    milliseconds = clocked_rows(lambda number: one(rows.iloc[[number]]), len(rows))
    deployed = predictor.clone_for_deployment(folder + "-deployed")
    Answer(
        scores=[float(score) for score in scores],
        wall_seconds=fitted[0],
        processor_seconds=fitted[1],
        row_milliseconds=milliseconds,
        num_bytes=folder_bytes(Path(deployed)),
        about=json.dumps(predictor.leaderboard(display=False)[["model", "score_val", "fit_time"]].to_dict("records")),
    ).write(Path(answer))


if __name__ == "__main__":
    main()
