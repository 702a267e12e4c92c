"""What a description says of Anscombe's quartet, of shapes made up, and of real tables whose quirks are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from hagane.data.open_table import open_table
from hagane.description.describe_table import describe_table
from hagane.description.description import Description
from hagane.errors import SpecError


def shapes(description: Description) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(plot.shape.x, plot.shape.y): plot.shape.flags for plot in description.scatter_plots.plots}


def test_the_quartet_has_equal_statistics(anscombe):
    statistics = anscombe.statistics
    assert [statistics[f"x{i}"].mean for i in range(1, 5)] == [9.0] * 4
    assert [statistics[f"x{i}"].stddev ** 2 for i in range(1, 5)] == pytest.approx([11.0] * 4)
    assert [statistics[f"y{i}"].mean for i in range(1, 5)] == pytest.approx([7.50] * 4, abs=0.005)
    assert [statistics[f"y{i}"].stddev ** 2 for i in range(1, 5)] == pytest.approx([4.125] * 4, abs=0.005)
    correlations = [anscombe.correlations.of(f"x{i}", f"y{i}").value for i in range(1, 5)]
    assert correlations == pytest.approx([0.816] * 4, abs=0.001)


def test_and_the_description_tells_it_apart(anscombe):
    found = shapes(anscombe)
    # x2 and x3 are copies of x1, said once as equations and not drawn again.
    assert {each.equation for each in anscombe.collinearity.dependencies} == {"x2 = x1", "x3 = x1"}
    assert found[("x1", "y1")] == ()
    assert found[("x1", "y2")] == ("curved",)
    assert found[("x1", "y3")] == ("outlier",)
    assert found[("x4", "y4")] == ("high_leverage",)
    plots = {(plot.shape.x, plot.shape.y): plot for plot in anscombe.scatter_plots.plots}
    third, fourth = plots[("x1", "y3")].shape, plots[("x4", "y4")].shape
    assert third.influential == ((13.0, 12.74),)
    assert third.pearson_without == pytest.approx(1.0, abs=1e-4)
    assert (fourth.influential, fourth.pearson_without, fourth.max_leverage) == (
        ((19.0, 12.5),),
        None,
        pytest.approx(1.0),
    )
    for shape in (third, fourth):  # Anscombe's line, the same for all: y = 3 + 0.5 x
        assert (shape.slope, shape.intercept) == (pytest.approx(0.5, abs=0.001), pytest.approx(3.0, abs=0.01))
    assert len({plots[pair].points for pair in (("x1", "y1"), ("x1", "y2"), ("x1", "y3"), ("x4", "y4"))}) == 4


def test_equal_statistics_of_different_shapes_are_said_in_words(anscombe):
    (alike,) = anscombe.scatter_plots.lookalikes
    assert set(alike.pairs) == {("x1", "y1"), ("x1", "y2"), ("x1", "y3"), ("x4", "y4")}
    assert alike.text.startswith("equal statistics, different shapes: ")
    assert "x4 – y4: the correlation hangs on one row" in alike.text
    assert "x1 – y1: a plain cloud" in alike.text


def like_a_datasaur(n: int = 400) -> pa.Table:
    """A cloud, a circle, a cross and a parabola with means 50, deviations 15 and no correlation."""
    draw = np.random.default_rng(11)
    turn, spread, bent = draw.uniform(0, 2 * np.pi, n), draw.normal(size=n), draw.normal(size=n)
    drawn = {
        "cloud": (draw.normal(size=n), draw.normal(size=n)),
        "circle": (np.cos(turn) + draw.normal(0, 0.05, n), np.sin(turn) + draw.normal(0, 0.05, n)),
        "cross": (spread, spread * draw.choice([-1, 1], n) + draw.normal(0, 0.05, n)),
        "bow": (bent, bent**2 + draw.normal(0, 0.1, n)),
    }
    columns = {}
    for name, (across, up) in drawn.items():
        x = (across - across.mean()) / across.std()
        y = up - up.mean() - x * (x @ up) / n + 0.1 * x * up.std()
        columns[f"{name}_x"], columns[f"{name}_y"] = 50 + 15 * x, 50 + 15 * (y - y.mean()) / y.std()
    return pa.table(columns)


def test_shapes_of_one_summary_are_told_apart():
    description = describe_table(open_table(like_a_datasaur()))
    assert [column.mean for column in description.statistics] == pytest.approx([50.0] * 8)
    found = shapes(description)
    assert found[("circle_x", "circle_y")] == found[("cross_x", "cross_y")] == ("pattern",)
    assert found[("bow_x", "bow_y")] == ("curved",)
    assert found.get(("cloud_x", "cloud_y"), ()) == ()
    alike = [each for each in description.scatter_plots.lookalikes if ("circle_x", "circle_y") in each.pairs]
    assert alike
    assert "a pattern that no correlation tells" in alike[0].text


def test_plain_clouds_are_not_accused():
    draw = np.random.default_rng(12)
    for n in (30, 300, 5_000):
        x = draw.normal(size=(n, 6)) @ draw.normal(size=(6, 6))
        description = describe_table(open_table(pa.table({f"c{i}": x[:, i] for i in range(6)})))
        assert all(plot.shape.flags == () for plot in description.scatter_plots.plots)


def test_large_tables_are_drawn_as_densities(housing):
    plot = next(plot for plot in housing.scatter_plots.plots if plot.shape.x == "median_income")
    assert (plot.shape.y, plot.points) == ("median_house_value", ())
    assert sum(map(sum, plot.counts)) + plot.num_outside == plot.shape.num_rows == 10_000


def test_the_call_that_lasted_tells_the_answer_best_and_the_rows_are_in_order_of_time(bank):
    label = bank.label
    assert [(each.value, each.num_rows) for each in label.classes] == [("false", 36_548), ("true", 4_640)]
    assert (label.task, label.shown_class, label.num_missing) == ("classification", "true", 0)
    first = label.features[0]
    assert (first.column, first.measure, first.bins[-1].name) == ("duration", "roc_auc", "551 … 4918")
    assert first.bins[0].mean < 0.01
    assert first.bins[-1].mean > 0.4
    assert sum(each.num_rows for each in first.bins) == 41_188
    assert (label.tenths[0] < 0.03, label.tenths[-1] > 0.4) == (True, True)
    assert any("split by time" in hint for hint in label.hints)


def test_values_that_stand_for_missing_ones_are_suspected(bank):
    found = {each.column: (each.value, each.num_rows) for each in bank.missing.stand_ins}
    assert found["pdays"] == ("999", 39_673)
    assert found["default"] == ("unknown", 8_597)
    assert set(found) == {"job", "marital", "education", "default", "housing", "loan", "pdays"}


def test_what_is_missing_together(taxi, shared_data):
    missing = taxi.missing
    assert (missing.num_columns, missing.num_complete_rows) == (10, 0)
    together = {frozenset((each.a, each.b)): each.correlation for each in missing.together}
    assert together[frozenset(("dropoff_latitude", "dropoff_longitude"))] == pytest.approx(1.0)
    frame = pd.read_csv(shared_data / "chicago_taxi" / "data.csv").isna()
    expected = frame["dropoff_latitude"].corr(frame["dropoff_community_area"])
    assert together[frozenset(("dropoff_latitude", "dropoff_community_area"))] == pytest.approx(expected)
    patterns = frame.value_counts()
    assert [each.num_rows for each in missing.patterns] == list(patterns.iloc[:10])
    assert missing.num_patterns == len(patterns)
    assert {each.column for each in missing.tells_label} >= {"dropoff_latitude", "dropoff_longitude"}


def test_skewed_numbers_are_shown_by_their_logarithm(taxi, housing):
    found = {each.column: each for each in housing.distributions}
    assert found["population"].is_log
    assert not found["median_house_value"].is_log
    bins = found["population"].bins
    ratios = [each.high / each.low for each in bins]
    assert ratios == pytest.approx([ratios[0]] * len(ratios))
    for each in (*housing.distributions, *taxi.distributions):
        if each.kind == "histogram" and len(each.bins) > 1:
            inside = sum(part.num_rows for part in each.bins)
            statistics = (housing if each in housing.distributions else taxi).statistics[each.column]
            assert inside + each.num_below + each.num_above == statistics.count


def test_days_are_counted_by_periods_over_every_row(stations):
    found = {each.column: each for each in stations.distributions}
    date = found["date"]
    assert (date.kind, date.unit, len(date.bars)) == ("periods", "year", 50)
    assert sum(bar.num_rows for bar in date.bars) == stations.statistics.num_rows == 657_432
    assert date.bars[1].num_rows == 36 * 365  # 1961
    assert stations.num_sampled_rows < 110_000
    assert stations.correlations.num_pearson_rows == 657_432
    assert any("Rows carry a time (date)" in hint for hint in stations.label.hints)


def test_texts_are_told_by_their_lengths_and_keys_by_their_repetition():
    n = 3_000
    source = pa.table(
        {
            "note": [f"text {'x' * (i % 70)} {i}" for i in range(n)],
            "user_id": [f"u{i % 300}" for i in range(n)],
            "late": [i % 3 == 0 for i in range(n)],
        }
    )
    description = describe_table(open_table(source), label="late")
    found = {each.column: each for each in description.distributions}
    assert (found["note"].kind, found["user_id"].kind, found["late"].kind) == ("lengths", "bars", "bars")
    assert sum(each.num_rows for each in found["note"].bins) == n
    assert any("user_id has 300 values that repeat" in hint for hint in description.label.hints)


def test_a_rare_class_is_warned_of_and_several_classes_have_shares():
    kinds = ["common"] * 900 + ["other"] * 80 + ["rare"] * 20
    source = pa.table({"kind": kinds, "x": [float(i % 7 + 10 * (k == "rare")) for i, k in enumerate(kinds)]})
    label = describe_table(open_table(source), label="kind").label
    assert [each.share for each in label.classes] == pytest.approx([0.9, 0.08, 0.02])
    assert any("accuracy says little" in hint for hint in label.hints)
    (feature,) = label.features
    assert all(sum(each.shares) == pytest.approx(1.0) for each in feature.bins)


@pytest.mark.parametrize("name", ["anscombe", "bank", "stations"])
def test_a_description_is_plain_data(name, request):
    description = request.getfixturevalue(name)
    assert Description.from_json(description.to_json()) == description


def test_the_same_table_gives_the_same_description(housing, shared_data):
    again = describe_table(open_table(shared_data / "california_housing" / "housing.csv"), label="median_house_value")
    assert again.to_json().replace(b"\n", b"") == housing.to_json().replace(b"\n", b"") or _close(again, housing)


def _close(one: Description, other: Description) -> bool:
    """Threads share the rows as they like, so the last bits of moments may differ; nothing else may."""
    return [plot.shape.flags for plot in one.scatter_plots.plots] == [
        plot.shape.flags for plot in other.scatter_plots.plots
    ] and one.missing == other.missing


@pytest.mark.parametrize(
    "columns",
    [
        {"x": pa.array([], pa.float64())},
        {"x": [None, None], "y": ["a", None]},
        {
            "t": pa.array([2**62, -(2**62)], pa.timestamp("us")),
            "b": [True, None],
            "d": pa.array([None, 3], pa.date32()),
        },
        {"s": ["", "😀"], "f": [float("inf"), float("nan")], "i": [2**62, -(2**62)]},
    ],
)
def test_tables_of_nothing_or_of_extremes_can_be_described(columns):
    table = open_table(pa.table(columns))
    for label in (None, *columns):
        description = describe_table(table, label=label)
        assert len(description.distributions) == len(columns)
        assert Description.from_json(description.to_json()).statistics.num_rows == table.num_rows


def test_a_label_that_is_not_there():
    with pytest.raises(SpecError, match="did you mean: late"):
        describe_table(open_table(pa.table({"late": [1]})), label="lat")
