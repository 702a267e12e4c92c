"""Trains the models of `tests/workflow/imports/xgboost` and notes what XGBoost answers.

Run where XGBoost is (`pip install xgboost-cpu pandas`), which the tests do not need.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb

FOLDER = Path(__file__).parents[1] / "tests" / "workflow" / "imports" / "xgboost"
random = np.random.default_rng(0)
N, SHOWN = 120, 40
dense = random.normal(size=(N, 3)).astype(np.float32).round(3)
dense[random.random((N, 3)) < 0.15] = np.nan
label = np.nan_to_num(dense[:, 0]) * 2 + np.nan_to_num(dense[:, 1]) ** 2
NAMES = ["a", "b", "c"]
cases: dict[str, Any] = {}


def record(name: str, rounds: int, target: np.ndarray, **options: Any) -> None:
    data = xgb.DMatrix(dense, label=target, feature_names=NAMES)
    booster = xgb.train({"max_depth": 3, "seed": 1, **options}, data, rounds)
    booster.save_model(FOLDER / f"{name}.json")
    rows = [[None if np.isnan(value) else float(value) for value in row] for row in dense[:SHOWN]]
    answers = booster.predict(xgb.DMatrix(dense[:SHOWN], feature_names=NAMES)).tolist()
    cases[name] = {"rows": rows, "answers": answers}


def record_categories(name: str, most_one_hot: int) -> None:
    """Of `most_one_hot` categories and more sets are split, of fewer one by one."""
    booster = xgb.train(
        {"max_depth": 3, "max_cat_to_onehot": most_one_hot},
        xgb.DMatrix(frame, label=category_label, enable_categorical=True),
        4,
    )
    for end in (".json", ".ubj"):
        booster.save_model(FOLDER / f"{name}{end}")
    shown = zip(frame["a"][:SHOWN], frame["k"].cat.codes[:SHOWN], strict=True)
    rows = [[None if np.isnan(a) else float(a), None if code < 0 else int(code)] for a, code in shown]
    answers = booster.predict(xgb.DMatrix(frame[:SHOWN], enable_categorical=True)).tolist()
    cases[name] = {"rows": rows, "answers": answers}


three = np.digitize(label, [0, 2])
record("squared_error", 5, label)
record("logistic", 5, (label > 1).astype(int), objective="binary:logistic", base_score=0.3)
record("softprob", 3, three, objective="multi:softprob", num_class=3)
record("softmax", 3, three, objective="multi:softmax", num_class=3)
record("poisson", 5, np.abs(label).round(), objective="count:poisson")
record("dart", 8, label, booster="dart", rate_drop=0.5)
record("forest", 1, label, num_parallel_tree=4, subsample=0.7, learning_rate=1)
codes = random.integers(0, 9, N)
frame = pd.DataFrame({"a": dense[:, 0], "k": pd.Categorical.from_codes(codes, categories=list("ABCDEFGHI"))})
category_label = np.where(np.isin(codes, [1, 4, 7]), 3, 0) + np.nan_to_num(dense[:, 0])
frame.loc[::11, "k"] = np.nan
record_categories("categories", 1)
record_categories("one_category", 100)
linear = xgb.train({"booster": "gblinear"}, xgb.DMatrix(np.nan_to_num(dense), label=label), 3)
linear.save_model(FOLDER / "linear.json")
(FOLDER / "categories.ubj").unlink()
(FOLDER / "answers.json").write_text(json.dumps({"version": xgb.__version__, "cases": cases}) + "\n")
