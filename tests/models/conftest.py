"""The model tests' own modules stand beside them; the real data sets, encoded by a small encoder of our own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from real_tables import Table, read_adult, read_housing, read_penguins
from small_encoder import write

from hagane.features.encoded import Encoded


@pytest.fixture(scope="session")
def adult(shared_data: Path) -> tuple[Table, Table]:
    """Train and test rows."""
    return read_adult(shared_data / "adult")


@pytest.fixture(scope="session")
def housing(shared_data: Path) -> Table:
    return read_housing(shared_data / "california_housing")


@pytest.fixture(scope="session")
def penguins(shared_data: Path) -> Table:
    return read_penguins(shared_data / "penguins")


@pytest.fixture
def encode(tmp_path: Path) -> Callable[..., Encoded]:
    """(dense, ids, label, cardinalities, **settings) → Encoded, each in a folder of its own."""
    count = iter(range(1000))

    def encode_arrays(
        dense: np.ndarray, ids: np.ndarray, label: np.ndarray, cardinalities: tuple[int, ...], **settings: Any
    ) -> Encoded:
        return write(tmp_path / str(next(count)), dense, ids, label, cardinalities, **settings)

    return encode_arrays
