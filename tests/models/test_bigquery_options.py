"""BigQuery ML's published defaults are options that the families take, and what is given goes before them."""

from __future__ import annotations

import pytest
from family_cases import DIRECT, ENSEMBLES, LABEL_FREE, NEEDED

from hagane.models import FAMILIES, family_options, get_family
from hagane.models.bigquery_options import DEFAULTS, bigquery_options


@pytest.mark.parametrize("family", [name for name in FAMILIES if name not in ENSEMBLES])
def test_every_family_takes_them(family: str) -> None:
    options = family_options(family, bigquery_options(family, NEEDED.get(family, {}), num_rows=1_000))
    if family in DIRECT:
        assert options == get_family(family).Options(), "beyond BigQuery: ours"
        return
    if family in LABEL_FREE:
        assert {name: getattr(options, name) for name in DEFAULTS.get(family, {})} == dict(DEFAULTS.get(family, {}))
        return
    assert options.l1_reg == 0
    assert options.l2_reg == (1 if "tree" in family or "forest" in family else 0)
    if family in ("linear_reg", "logistic_reg"):
        assert not options.early_stop, "their solvers find the optimum, as BigQuery's closed form does"
    elif family in DEFAULTS and "early_stop" in options.__struct_fields__:
        stopping = (options.max_iterations, options.early_stop, options.min_rel_progress)
        assert stopping == (20, True, 0.01)


@pytest.mark.parametrize(("given", "num_leaves"), [({}, 64), ({"max_tree_depth": 0}, 2**17), ({"num_leaves": 9}, 9)])
def test_leaves_are_as_many_as_the_depth_allows(given: dict[str, int], num_leaves: int) -> None:
    options = bigquery_options("boosted_tree_regressor", given, num_rows=10)
    assert options["num_leaves"] == num_leaves
    assert family_options("boosted_tree_regressor", options).learn_rate == 0.3


def test_batches_of_32_rows_or_of_all() -> None:
    assert [bigquery_options("dnn_regressor", {}, num_rows=n)["batch_size"] for n in (1_000, 7, 0)] == [32, 7, 1]
    assert bigquery_options("dnn_regressor", {"batch_size": 64}, num_rows=7)["batch_size"] == 64
