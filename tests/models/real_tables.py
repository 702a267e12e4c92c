"""Adult, California housing and the penguins as numbers [n, d], ids [n, k] and a label [n], read with pandas."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

ADULT = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education-num",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "native-country",
    "income",
]


@dataclass(frozen=True)
class Table:
    dense: np.ndarray
    ids: np.ndarray
    label: np.ndarray
    cardinalities: tuple[int, ...]

    def rows(self, chosen: np.ndarray) -> Table:
        return Table(self.dense[chosen], self.ids[chosen], self.label[chosen], self.cardinalities)

    def scaled(self, like: Table | None = None) -> Table:
        """Missing numbers become the mean of `like`, and all are standardised by its moments."""
        base = (like or self).dense.astype(np.float64)
        mean, deviation = np.nanmean(base, axis=0), np.nanstd(base, axis=0)
        dense = (np.where(np.isnan(self.dense), mean, self.dense) - mean) / deviation
        return Table(dense, self.ids, self.label, self.cardinalities)

    def one_hot(self) -> np.ndarray:
        """Dense columns, then a column for every slot: what scikit-learn is given."""
        eyes = [np.eye(c)[self.ids[:, i]] for i, c in enumerate(self.cardinalities)]
        return np.concatenate([self.dense, *eyes], axis=1)


def read_adult(folder: Path) -> tuple[Table, Table]:
    def read(name: str, skip: int) -> pd.DataFrame:
        return pd.read_csv(folder / name, header=None, names=ADULT, skipinitialspace=True, na_values="?", skiprows=skip)

    train, test = read("adult.data", 0), read("adult.test", 1)
    numbers = [name for name in ADULT[:-1] if train[name].dtype.kind in "if"]
    categories = [name for name in ADULT[:-1] if name not in numbers]
    vocabularies = [sorted(train[name].dropna().unique()) for name in categories]

    def table(frame: pd.DataFrame) -> Table:
        label = frame["income"].str.startswith(">").to_numpy().astype(np.int64)
        return Table(
            frame[numbers].to_numpy(np.float64),
            ids_of(frame[categories], vocabularies),
            label,
            tuple(len(vocabulary) + 2 for vocabulary in vocabularies),
        )

    return table(train), table(test)


def read_housing(folder: Path) -> Table:
    frame = pd.read_csv(folder / "housing.csv")
    label = frame.pop("median_house_value").to_numpy(np.float64)
    places = frame.pop("ocean_proximity").to_frame()
    vocabulary = sorted(places["ocean_proximity"].unique())
    return Table(frame.to_numpy(np.float64), ids_of(places, [vocabulary]), label, (len(vocabulary) + 2,))


def read_penguins(folder: Path) -> Table:
    frame = pd.read_csv(folder / "penguins.csv")
    label = frame.pop("species").astype("category").cat.codes.to_numpy().astype(np.int64)
    names = ["island", "sex"]
    vocabularies = [sorted(frame[name].dropna().unique()) for name in names]
    return Table(
        frame.drop(columns=names).to_numpy(np.float64),
        ids_of(frame[names], vocabularies),
        label,
        tuple(len(vocabulary) + 2 for vocabulary in vocabularies),
    )


def ids_of(frame: pd.DataFrame, vocabularies: list[list[str]]) -> np.ndarray:
    """[n, k]: 0 unknown, 1 … V the vocabulary, V + 1 missing."""
    columns = []
    for name, vocabulary in zip(frame.columns, vocabularies, strict=True):
        places = frame[name].map({value: place for place, value in enumerate(vocabulary, 1)})
        columns.append(np.where(frame[name].isna(), len(vocabulary) + 1, places.fillna(0)).astype(np.int64))
    return np.stack(columns, axis=1)
