"""Features that are worth a try: which there are, and what they are worth in the graph."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from hagane.data.open_table import open_table
from hagane.features.derived_candidates import derived_candidates
from hagane.statistics.measure import measure_statistics


def candidates(columns: dict[str, object], unused: tuple[str, ...] = ()) -> dict[str, dict[str, str]]:
    table = open_table(pa.table(columns))
    return derived_candidates(table.schema, measure_statistics(table), unused)


def amounts(seed: int = 0, num_rows: int = 100) -> np.ndarray:  # type: ignore[type-arg]
    return np.random.default_rng(seed).lognormal(size=num_rows)


def test_one_place_is_turned() -> None:
    found = candidates({"latitude": np.linspace(32, 42, 100), "longitude": np.linspace(-124, -114, 100)})
    assert found == {
        "turned coordinates": {
            "latitude_plus_longitude": "latitude + longitude",
            "latitude_minus_longitude": "latitude - longitude",
        }
    }


def test_two_places_have_a_distance() -> None:
    x = np.linspace(1, 2, 100)
    columns = {"pickup_lat": x, "pickup_lng": x, "dropoff_lat": x, "dropoff_lng": x}
    found = candidates(columns)["turned coordinates"]
    assert set(found) == {
        *("pickup_lat_plus_pickup_lng", "pickup_lat_minus_pickup_lng"),
        *("dropoff_lat_plus_dropoff_lng", "dropoff_lat_minus_dropoff_lng"),
        "pickup_lat_to_dropoff_lat",
    }
    query = found["pickup_lat_to_dropoff_lat"]
    table = open_table(
        pa.table({"pickup_lat": [60.0], "pickup_lng": [1.0], "dropoff_lat": [60.0], "dropoff_lng": [3.0]})
    )
    assert abs(table.query(f"SELECT {query} AS d FROM data")["d"][0].as_py() - 1.0) < 1e-9  # two degrees, at 60° half


def test_names_that_only_hold_the_word_and_values_that_are_no_degrees_are_no_places() -> None:
    x = np.linspace(1, 2, 100)
    assert candidates({"plateau": -x, "plongeau": -x}) == {}
    assert "turned coordinates" not in candidates({"lat": x * 1000, "lon": x})


def test_ratios_are_of_amounts_alone_and_of_a_pair_once() -> None:
    columns = {"rooms": amounts(1), "people": amounts(2), "change": amounts(3) - 1, "flag": np.arange(100) % 3 + 1}
    assert candidates(columns) == {"ratios": {"rooms_per_people": "rooms / people"}}


def test_columns_that_are_no_features_are_in_no_ratio() -> None:
    columns = {name: amounts(seed) for seed, name in enumerate("abc")}
    assert candidates(columns, unused=("b",)) == {"ratios": {"a_per_c": "a / c"}}


def test_of_many_columns_those_with_the_most_values_are_divided() -> None:
    columns = {f"x{number:02}": amounts(number) for number in range(12)}
    assert len(candidates(columns)["ratios"]) == 28


def test_hostile_names_are_quoted_and_clash_with_no_column() -> None:
    columns = {"order": amounts(1), "a.b": amounts(2), "order_per_a_b": np.arange(100) % 2, "`": amounts(3)}
    assert candidates(columns) == {"ratios": {"order_per_a_b_": "order / `a.b`"}}
