"""Thinning keeps what the rule says."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.evaluation.curves import thinned


@given(st.lists(st.floats(0, 2), min_size=2, max_size=80).map(sorted), st.integers(2, 12))
@settings(deadline=None)
def test_ends_stay_and_each_wanted_position_has_its_nearest_point(positions, num_points):
    places = np.array(positions)
    kept = thinned(places, num_points)
    assert kept.tolist() == sorted(set(kept.tolist()))
    assert (kept[0], kept[-1]) == (0, len(places) - 1)
    assert len(kept) == len(places) if len(places) <= num_points else len(kept) <= num_points
    for wanted in np.linspace(places[0], places[-1], num_points)[1:-1]:
        assert np.abs(places[kept] - wanted).min() == np.abs(places - wanted).min()
