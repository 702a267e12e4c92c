from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.errors import SpecError
from hagane.spec.tuning import TunedParameter
from hagane.tuning.dimension import Dimension, same_value
from hagane.tuning.distributions import distribution_of, stored_value, value_of
from hagane.tuning.make_space import LOG_OF_ZERO, make_space


def faults_of(dimensions: list[Dimension], **tuned: TunedParameter) -> list[tuple[str, str]]:
    with pytest.raises(SpecError) as raised:
        make_space(dimensions, tuned)
    return [(fault.where.removeprefix("tuning.parameters."), fault.what) for fault in raised.value.faults]


def test_all_faults_of_a_space_are_told_at_once() -> None:
    dimensions = [
        Dimension(name="rate", low=-1.0, high=1.0),
        Dimension(name="depth", low=0, high=9),
        Dimension(name="kind", candidates=("a", "b")),
        Dimension(name="size", low=2, high=8),
        Dimension(name="share", low=0.0, high=1.0),
    ]
    assert faults_of(
        dimensions,
        rate=TunedParameter(scale="log"),
        depth=TunedParameter(scale="log", step=0),
        kind=TunedParameter(scale="log", step=2),
        size=TunedParameter(step=1.5),
        share=TunedParameter(default=2, when={"kind": "c", "knd": 1}),
        depht=TunedParameter(step=1),
    ) == [
        ("depht", "the spec has no hyperparameter 'depht'"),
        ("rate.scale", "no logarithm of -1.0: the scale log does not go with this range"),
        ("depth.step", "a step must be above 0"),
        ("depth.scale", "no logarithm of 0: the scale log does not go with this range"),
        ("kind.scale", "candidates have no scale"),
        ("kind.step", "candidates have no step"),
        ("size.step", "a range of whole numbers has a whole step"),
        ("share.when", "kind never has this value"),
        ("share.when", "the spec has no hyperparameter 'knd'"),
    ]


@pytest.mark.parametrize(
    ("tuned", "where"),
    [
        (TunedParameter(default=9), "x.default"),
        (TunedParameter(default=4, step=3), "x.default"),
        (TunedParameter(default="a"), "x.default"),
        (TunedParameter(step=7), "x.step"),
    ],
)
def test_a_start_outside_the_space_is_refused(tuned: TunedParameter, where: str) -> None:
    assert [place for place, _ in faults_of([Dimension(name="x", low=2, high=8)], x=tuned)] == [where]


def test_conditions_in_a_circle_are_refused() -> None:
    dimensions = [Dimension(name=name, candidates=(1, 2)) for name in "abc"]
    when = {"a": "b", "b": "c", "c": "a"}
    tuned = {name: TunedParameter(when={other: 1}) for name, other in when.items()}
    assert faults_of(dimensions, **tuned) == [
        ("tuning.parameters", "hyperparameters play a part only with each other's values: none can be chosen first")
    ]


def test_what_decides_stands_first_whatever_the_order() -> None:
    tuned = {"a": TunedParameter(when={"b": 1}), "b": TunedParameter(when={"c": [1, 2]})}
    space = make_space([Dimension(name=name, candidates=(1, 2, 3)) for name in "abc"], tuned)
    assert space.names == ("c", "b", "a")
    assert space.num_points == 1 + 2 * (3 + 2)  # c = 3 alone; c = 1 or 2 with b = 1 and an a each, or b = 2 or 3
    assert len([*space.points()]) == space.num_points


def test_the_search_starts_at_the_default_or_nearest_to_it() -> None:
    dimensions = [
        Dimension(name="l2", low=0.0, high=10.0, default=1.0, scale="log"),
        Dimension(name="rate", low=0.1, high=1.0, default=0.05),
        Dimension(name="depth", low=1, high=10, default=6, step=4),
        Dimension(name="units", candidates=((64,), (128, 64)), default=(128, 64)),
        Dimension(name="buckets", candidates=(5, 10, 20), default=11),
        Dimension(name="unknown", low=1.0, high=100.0, scale="log"),
        Dimension(name="booster", candidates=("gbtree", "dart"), default="gbtree"),
        Dimension(name="dropout", low=0.0, high=0.5, when=(("booster", ("dart",)),)),
    ]
    assert make_space(dimensions).default_point() == {
        "l2": 1.0, "rate": 0.1, "depth": 5, "units": (128, 64), "buckets": 10, "unknown": 10.0, "booster": "gbtree",
    }  # fmt: skip


def test_zero_has_a_logarithm_as_in_bigquery() -> None:
    space = make_space([Dimension(name="l1", low=0.0, high=10.0, scale="log", default=0.0)])
    assert space.default_point() == {"l1": LOG_OF_ZERO}


@st.composite
def dimensions(draw: st.DrawFn) -> Dimension:
    if draw(st.booleans()):
        one = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=3), st.tuples(st.integers(1, 9)))
        found: list[Any] = []
        for value in draw(st.lists(one, min_size=1, max_size=6)):
            found += [] if any(same_value(value, other) for other in found) else [value]
        return Dimension(name="x", candidates=tuple(found))
    scale = draw(st.sampled_from(("linear", "log", "reverse_log")))
    least = 1 if scale != "linear" else -50
    if draw(st.booleans()):
        low = draw(st.integers(least, 50))
        high = low + draw(st.integers(0, 60))
        step = draw(st.none() | st.integers(1, max(1, high - low))) if high > low else None
        return Dimension(name="x", low=low, high=high, step=step, scale=scale)
    low_ = draw(st.floats(1e-6 if scale != "linear" else -1e3, 1e3))
    width = draw(st.floats(1e-3, 1e3))
    step_ = draw(st.none() | st.floats(0.01, 1.0).map(lambda share: share * width))
    return Dimension(name="x", low=low_, high=low_ + width, step=step_, scale=scale)


@given(dimensions(), st.integers(0, 2**31))
@settings(max_examples=150, deadline=None)
def test_whatever_is_drawn_lies_in_the_dimension_and_comes_back_from_the_storage(one: Dimension, seed: int) -> None:
    import optuna

    distribution = distribution_of(one)
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed)).ask({"x": distribution})
    value = value_of(one, trial.params["x"])
    assert one.admits(value)
    again = distribution.to_external_repr(distribution.to_internal_repr(stored_value(one, value)))
    back = value_of(one, again)
    assert back == pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else same_value(back, value)
    for index in range(min(one.num_points or 0, 20)):
        assert one.admits(one.point(index))
