"""AUTO_SPLIT by BigQuery ML's published rules: all below 500 rows, a fifth up to 50,000, then exactly 10,000."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from hagane.data.open_table import open_table
from hagane.data.split import split_table
from hagane.spec.spec import Spec, Split
from hagane.workflow.default_split import with_default_split

OPEN = Spec(data="f.csv", label="y", defaults="bigquery")


@pytest.mark.parametrize(
    ("num_rows", "least", "most"), [(499, 0, 0), (500, 60, 140), (50_000, 9_600, 10_400), (50_001, 10_000, 10_000)]
)
def test_auto_split(num_rows: int, least: int, most: int) -> None:
    table = open_table(pa.table({"x": np.arange(num_rows), "y": np.zeros(num_rows)}))
    train, eval_, test = split_table(table, with_default_split(OPEN, table).split).counts
    assert least <= eval_ <= most
    assert (train, test) == (num_rows - eval_, 0)


def test_what_a_spec_says_itself_stays() -> None:
    table = open_table(pa.table({"y": range(9)}))
    for spec in (
        Spec(data="f.csv", label="y"),
        Spec(data="f", label="y", defaults="bigquery", split=Split(eval_fraction=0.3)),
    ):
        assert with_default_split(spec, table) is spec


def test_a_seed_and_strata_are_kept() -> None:
    table = open_table(pa.table({"x": np.arange(60_000), "y": np.arange(60_000) % 10 == 0}))
    split = with_default_split(msgspec.structs.replace(OPEN, split=Split(seed=7)), table).split
    assert (split.seed, split_table(table, split).counts) == (7, (50_000, 10_000, 0))
    split = with_default_split(msgspec.structs.replace(OPEN, split=Split(stratify="y")), table).split
    counts = split_table(table, split).counts
    assert split.stratify == "y"
    assert counts[1] == pytest.approx(10_000, abs=2)
