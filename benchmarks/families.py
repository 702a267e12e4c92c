"""Families side by side on real data: ROC AUC or RMSE of the same test rows, mean and interval over seeds.

    python benchmarks/families.py --data ../shared/data [--only adult,taxi,housing] [--families …] [--seeds 5]

Every family is trained with its own defaults through `hagane train`, the rows divided once and for all, the seed of the
training changed; what is told is the mean over the seeds with the 95 % interval of it (Student's t), and the median of
the seconds of processor time that one training takes. Linear models draw nothing: one seed tells all.

- Adult: 32,561 rows to train on, a tenth of them watched, and UCI's own 16,281 test rows; income above 50,000.
- Chicago taxi: 15,002 trips, a fifth of them to test by; whether the tip is above a fifth of the fare, without
  payment_type, which nearly says so.
- California housing: 20,640 blocks, a fifth of them to test by; the median value of a house, in dollars.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from scipy.stats import t as student

from hagane.spec.spec import Model, Spec, Split, Training
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

ADULT_COLUMNS = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education_num",
    "marital_status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital_gain",
    "capital_loss",
    "hours_per_week",
    "native_country",
    "income",
]
TREES = ("boosted_tree", "random_forest")
NETWORKS = ("dnn", "dnn_linear_combined", "tabnet")
FAMILIES = ("linear", *NETWORKS, *TREES)


class DataSet(NamedTuple):
    """What is predicted, and how well is told."""

    spec: Spec
    metric: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--only", default="adult,taxi,housing")
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    sets = {name: make(arguments.data) for name, make in (("adult", adult), ("taxi", taxi), ("housing", housing))}
    print("| data, metric | family | mean over seeds | seconds of CPU |\n| --- | --- | --- | --- |")
    for name in arguments.only.split(","):
        with tempfile.TemporaryDirectory() as folder:
            for family in arguments.families.split(","):
                seeds = range(1 if family == "linear" else arguments.seeds)
                found = [measure(sets[name], family, seed, Workspace(Path(folder))) for seed in seeds]
                told = interval([value for value, _ in found], 1 if sets[name].metric == "RMSE" else 4)
                seconds = statistics.median(cost for _, cost in found)
                print(f"| {name}, {sets[name].metric} | `{model_type(sets[name], family)}` | {told} | {seconds:.1f} |",
                      flush=True)  # fmt: skip


def measure(data: DataSet, family: str, seed: int, workspace: Workspace) -> tuple[float, float]:
    """The metric of the test rows, and the seconds of processor time of the whole training."""
    spec = Spec(
        data=data.spec.data, label=data.spec.label, exclude=data.spec.exclude, split=data.spec.split,
        model=Model(type=model_type(data, family)), training=Training(seed=seed),
    )  # fmt: skip
    begun = time.process_time()
    metrics = train(spec, workspace=workspace).evaluation.metrics
    cost = time.process_time() - begun
    return (metrics["roc_auc"] if data.metric == "ROC AUC" else math.sqrt(metrics["mean_squared_error"])), cost


def model_type(data: DataSet, family: str) -> str:
    is_number = data.metric == "RMSE"
    if family == "linear":
        return "linear_reg" if is_number else "logistic_reg"
    return f"{family}_{'regressor' if is_number else 'classifier'}"


def interval(values: Sequence[float], digits: int) -> str:
    """Mean and half the width of its 95 % interval; the value alone where there is one.

    >>> interval([0.91, 0.92, 0.93], 3)
    '0.920 ± 0.025'
    """
    mean, n = statistics.fmean(values), len(values)
    if n == 1:
        return f"{mean:,.{digits}f}"
    half = float(student.ppf(0.975, n - 1)) * statistics.stdev(values) / math.sqrt(n)
    return f"{mean:,.{digits}f} ± {half:,.{digits}f}"


def adult(folder: Path) -> DataSet:
    """Both files as one, with the part that each row belongs to."""
    names = ", ".join(f"'{name}'" for name in ADULT_COLUMNS)
    read = (
        "SELECT *, {part} AS part FROM read_csv('{file}', header = false, skip = {skip}, names = [{names}], "
        "nullstr = [' ?', '?'], delim = ',')"
    )
    parts = [
        read.format(part="CASE WHEN hash(fnlwgt, age, hours_per_week) % 10 = 0 THEN 'EVAL' ELSE 'TRAIN' END",
                    file=folder / "adult" / "adult.data", skip=0, names=names),
        read.format(part="'TEST'", file=folder / "adult" / "adult.test", skip=1, names=names),
    ]  # fmt: skip
    query = f"SELECT * REPLACE (rtrim(trim(income), '.') AS income) FROM ({' UNION ALL '.join(parts)})"
    return DataSet(Spec(data=query, label="income", split=Split(method="column", column="part")), "ROC AUC")


def taxi(folder: Path) -> DataSet:
    query = f"SELECT * EXCLUDE (tips), tips > 0.2 * fare AS big_tip FROM '{folder / 'chicago_taxi' / 'data.csv'}'"
    split = Split(test_fraction=0.2)
    return DataSet(Spec(data=query, label="big_tip", exclude=("payment_type",), split=split), "ROC AUC")


def housing(folder: Path) -> DataSet:
    file = str(folder / "california_housing" / "housing.csv")
    return DataSet(Spec(data=file, label="median_house_value", split=Split(test_fraction=0.2)), "RMSE")


if __name__ == "__main__":
    main()
