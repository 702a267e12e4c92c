"""Descriptions that several tests look at."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hagane.data.open_table import open_table
from hagane.description.describe_table import describe_table
from hagane.description.description import Description

sys.path.insert(0, str(Path(__file__).parent))
from anscombe import quartet


@pytest.fixture(scope="session")
def anscombe() -> Description:
    return describe_table(open_table(quartet()))


@pytest.fixture(scope="session")
def bank(shared_data: Path) -> Description:
    return describe_table(open_table(shared_data / "bank_marketing" / "bank-additional-full.csv.gz"), label="y")


@pytest.fixture(scope="session")
def housing(shared_data: Path) -> Description:
    return describe_table(open_table(shared_data / "california_housing" / "housing.csv"), label="median_house_value")


@pytest.fixture(scope="session")
def taxi(shared_data: Path) -> Description:
    return describe_table(open_table(shared_data / "chicago_taxi" / "data.csv"), label="tips")


@pytest.fixture(scope="session")
def stations(shared_data: Path) -> Description:
    return describe_table(open_table(shared_data / "noaa_temperatures"), label="tmaxi")
