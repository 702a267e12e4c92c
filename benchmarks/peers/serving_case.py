"""`make_case`: the table, the rows and the two models that every contender of `benchmarks/serving.py` serves."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import joblib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.compose import make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from hagane.bundle.bundle import Bundle
from hagane.spec.spec import Model, Spec, Split
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

NUM_ROWS = 32
"""Different requests, sent in turn."""
HIDDEN_UNITS = (64, 32)
EPOCHS = 2
OPTIONS = {"hidden_units": HIDDEN_UNITS, "max_iterations": EPOCHS, "early_stop": False}
PIPELINE, TABLE = "pipeline.joblib", "table.parquet"
LABEL = "income"
ADULT = """\
COPY (SELECT * REPLACE (rtrim(income, '.') AS income), capital_gain - capital_loss AS capital_net
  FROM read_csv('{file}', header = false, nullstr = '?', delim = ', ', names = ['age', 'workclass', 'fnlwgt',
    'education', 'education_num', 'marital_status', 'occupation', 'relationship', 'race', 'sex',
    'capital_gain', 'capital_loss', 'hours_per_week', 'native_country', 'income'])) TO '{table}'"""


@dataclass(frozen=True)
class Case:
    """What is served, and what is right."""

    name: str
    folder: Path
    """Holds the pipeline."""
    bundle: Path
    rows: list[dict[str, Any]]
    classes: list[str]
    """In order; the last one's probability is what answers are compared by."""
    bundle_truth: list[float]
    """Each row's probability of the last class, by the bundle."""
    pipeline_truth: list[float]


def make_case(folder: Path, adult: Path | None) -> Case:
    """Both models, trained on Adult's `adult.data` with one column more, or without it on a table of random rows.

    Hagane's: 64 and 32 units behind embeddings. scikit-learn's: the same layers (`MLPClassifier`) behind
    `StandardScaler` and `OneHotEncoder`, fitted on an array without names, which spares each request a data frame.
    """
    table = folder / TABLE
    if adult is not None:
        duckdb.sql(ADULT.format(file=adult, table=table))
    else:
        pq.write_table(random_table(), table)
    version = train(
        Spec(
            data=str(table), label=LABEL, split=Split(test_fraction=0.1),
            model=Model(type="dnn_classifier", options=OPTIONS),
        ),
        workspace=Workspace(folder / "workspace"),
    )  # fmt: skip
    bundle = Bundle.load(version.bundle)
    names = list(bundle.signature.names)
    whole = pq.read_table(table)
    rows = [row for row in whole.select(names).slice(0, 8 * NUM_ROWS).to_pylist() if None not in row.values()]
    rows = rows[:NUM_ROWS]
    pipeline = fit_pipeline(whole, names, folder / PIPELINE)
    classes = sorted(set(whole[LABEL].to_pylist()))
    given = np.array([list(row.values()) for row in rows], object)
    return Case(
        name="Adult" if adult is not None else "random rows", folder=folder, bundle=version.bundle, rows=rows,
        classes=classes, bundle_truth=[probability(answer, classes[-1]) for answer in answers_of(bundle, rows)],
        pipeline_truth=pipeline.predict_proba(given)[:, -1].tolist(),
    )  # fmt: skip


def random_table(num_rows: int = 20_000) -> pa.Table:
    """Ten numbers and five strings of 8 to 40 distinct values; the label follows from some of them, and from chance."""
    random = np.random.default_rng(0)
    columns: dict[str, Any] = {f"amount_{i}": random.normal(size=num_rows).round(3) for i in range(6)}
    columns |= {f"count_{i}": random.integers(0, 10 ** (i + 1), num_rows) for i in range(4)}
    keys = [random.integers(0, num, num_rows) for num in (8, 12, 16, 24, 40)]
    columns |= {f"kind_{i}": np.char.add(f"kind {i} no ", each.astype(str)) for i, each in enumerate(keys)}
    logit = columns["amount_0"] + columns["amount_1"] + (keys[0] % 3) - 1 + random.normal(size=num_rows)
    return pa.table(columns | {LABEL: np.where(logit > 0, "high", "a low one")})


def fit_pipeline(table: pa.Table, names: list[str], file: Path) -> Any:
    """scikit-learn's model of the same columns, kept in `file`."""
    numeric = [place for place, name in enumerate(names) if not pa.types.is_string(table.schema.field(name).type)]
    texts = [place for place in range(len(names)) if place not in numeric]
    encode = make_column_transformer((StandardScaler(), numeric), (OneHotEncoder(handle_unknown="ignore"), texts))
    pipeline = make_pipeline(encode, MLPClassifier(HIDDEN_UNITS, max_iter=EPOCHS, random_state=0))
    values = np.array(list(zip(*(table[name].to_pylist() for name in names), strict=True)), object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline.fit(values, table[LABEL].to_pylist())
    joblib.dump(pipeline, file)
    return pipeline


def answers_of(bundle: Bundle, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As JSON has them."""
    found: list[dict[str, Any]] = json.loads(json.dumps(bundle.predict(rows).rows()))
    return found


def probability(answer: dict[str, Any], label: str) -> float:
    """Of one class, in a row of Hagane's answer."""
    return float(next(each["prob"] for each in answer[f"predicted_{LABEL}_probs"] if each["label"] == label))
