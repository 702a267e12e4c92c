"""Real data sets with a scikit-learn model of each: what an evaluation is made from."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hagane.evaluation import Evaluation, evaluate


class Case(NamedTuple):
    """Labels, scores and what they are sliced by."""

    labels: np.ndarray
    scores: np.ndarray
    classes: tuple[str, ...]
    slices: dict[str, np.ndarray]

    def evaluate(self, **options: Any) -> Evaluation:
        task = "classification" if self.classes else "regression"
        return evaluate(
            self.labels,
            self.scores,
            task=task,
            classes=self.classes or None,
            slices=self.slices,
            part="test",
            **options,
        )


ADULT_COLUMNS = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education_num",
    "marital",
    "occupation",
    "relationship",
    "race",
    "sex",
    "gain",
    "loss",
    "hours",
    "country",
    "income",
]


@pytest.fixture(scope="session")
def adult(shared_data: Path) -> Case:
    """Logistic regression on the numbers of Adult; binary."""
    options = {"header": None, "skipinitialspace": True, "na_values": "?", "names": ADULT_COLUMNS}
    train = pd.read_csv(shared_data / "adult" / "adult.data", **options)
    test = pd.read_csv(shared_data / "adult" / "adult.test", skiprows=1, **options)
    numbers = ["age", "education_num", "gain", "loss", "hours"]
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(train[numbers], train.income == ">50K")
    labels = (test.income == ">50K.").to_numpy().astype(np.int64)
    occupation = test.occupation.astype(object).where(test.occupation.notna(), None).to_numpy()
    return Case(labels, model.predict_proba(test[numbers])[:, 1], ("<=50K", ">50K"), {"occupation": occupation})


@pytest.fixture(scope="session")
def penguins(shared_data: Path) -> Case:
    """Softmax regression on the penguins' measures; three classes."""
    table = pd.read_csv(next((shared_data / "penguins").glob("*.csv"))).dropna()
    numbers = [name for name in table.columns if table[name].dtype.kind == "f"][:2]
    train = np.random.default_rng(0).random(len(table)) < 0.5
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(table[numbers][train], table.species[train])
    classes = tuple(sorted(table.species.unique()))
    labels = np.array([classes.index(each) for each in table.species[~train]])
    islands = table.island[~train].to_numpy(dtype=object)
    return Case(labels, model.predict_proba(table[numbers][~train]), classes, {"island": islands})


@pytest.fixture(scope="session")
def california(shared_data: Path) -> Case:
    """Least squares on California housing; regression, and a category that must be escaped."""
    table = pd.read_csv(shared_data / "california_housing" / "housing.csv").dropna()
    train = np.random.default_rng(0).random(len(table)) < 0.8
    inputs, labels = table.drop(columns=["median_house_value", "ocean_proximity"]), table.median_house_value
    model = LinearRegression().fit(inputs[train], labels[train])
    nearness = table.ocean_proximity[~train].to_numpy(dtype=object)
    return Case(
        labels[~train].to_numpy(), np.maximum(model.predict(inputs[~train]), 0), (), {"ocean_proximity": nearness}
    )


@pytest.fixture(params=["adult", "penguins", "california"])
def real_case(request: pytest.FixtureRequest) -> Case:
    """Each of the three."""
    return request.getfixturevalue(request.param)
