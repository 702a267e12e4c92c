"""What BigQuery printed for the penguins, recomputed: `docs/sql_numbers.md`.

The figures are those of Google's tutorial on linear regression and of the tests of bigframes, which ran on BigQuery.
BigQuery's table has names of columns of its own, and '.' for the sex of one bird that the file here leaves empty.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hagane.session.session import Session

TABLE = """
CREATE TABLE penguins AS
SELECT species, island, bill_length_mm AS culmen_length_mm, bill_depth_mm AS culmen_depth_mm, flipper_length_mm,
       body_mass_g, IF(species = 'Gentoo' AND bill_length_mm = 44.5 AND bill_depth_mm = 15.7, '.', sex) AS sex
FROM `{path}`
"""
KNOWN = "(SELECT * FROM penguins WHERE body_mass_g IS NOT NULL AND sex IS NOT NULL)"


@pytest.fixture(scope="module")
def session(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    found = Session(tmp_path_factory.mktemp("numbers") / "w")
    found.sql(TABLE.format(path=shared_data / "penguins" / "penguins.csv"))
    found.sql(
        "CREATE MODEL m OPTIONS(model_type = 'linear_reg', input_label_cols = ['body_mass_g']) "
        "AS SELECT * FROM penguins WHERE body_mass_g IS NOT NULL"
    )
    return found


def one(session: Session, query: str) -> dict[str, Any]:
    (row,) = session.sql(query).rows()
    return row


def test_linear_reg_evaluates_to_bigquerys_digits(session: Session) -> None:
    assert one(session, "SELECT * FROM ML.EVALUATE(MODEL m)") == pytest.approx(
        {
            "mean_absolute_error": 227.01223667447218,
            "mean_squared_error": 81838.15989216768,
            "mean_squared_log_error": 0.0050704473735013,
            "median_absolute_error": 173.08081641661738,
            "r2_score": 0.8723772534253441,
            "explained_variance": 0.8723772534253442,
        },
        rel=1e-12,
    )
    printed = [225.817334, 80540.705944, 0.004972, 173.080816, 0.87529, 0.87529]
    found = one(session, f"SELECT * FROM ML.EVALUATE(MODEL m, {KNOWN})").values()
    assert [round(value, 6) for value in found] == printed


def test_linear_reg_predicts_to_bigquerys_digits(session: Session) -> None:
    """A row whose numbers are all NULL among them: the mean stands for them."""
    rows = session.sql(
        "SELECT culmen_length_mm AS x, ROUND(predicted_body_mass_g, 6) AS y "
        "FROM ML.PREDICT(MODEL m, (SELECT * FROM penguins WHERE species = 'Gentoo' AND sex IS NULL))"
    ).rows()
    found = {row["x"]: row["y"] for row in rows}
    assert (found[None], found[46.2], found[44.5]) == (4681.782896, 4740.7907, 4731.310452)


def test_pca_keeps_bigquerys_share_of_the_variance(session: Session) -> None:
    session.sql("CREATE MODEL pca OPTIONS(model_type = 'pca', num_principal_components = 3) AS SELECT * FROM penguins")
    found = one(session, "SELECT * FROM ML.EVALUATE(MODEL pca)")
    assert round(found["total_explained_variance_ratio"], 6) == 0.812383


@pytest.mark.parametrize(
    ("model_type", "label", "printed", "within"),
    [
        ("logistic_reg", "sex", {"accuracy": 0.92515, "f1_score": 0.617681, "roc_auc": 0.975807}, 0.01),
        ("boosted_tree_regressor", "body_mass_g", {"r2_score": 0.967458}, 0.02),
        ("boosted_tree_classifier", "sex", {"accuracy": 1.0, "roc_auc": 1.0}, 0.04),
    ],
)
def test_iterative_families_come_near(
    model_type: str, label: str, printed: dict[str, float], within: float, session: Session
) -> None:
    """And are no worse than that much: their solvers find an optimum, or other trees."""
    session.sql(
        f"CREATE MODEL {model_type} OPTIONS(model_type = '{model_type}', input_label_cols = ['{label}']) AS {KNOWN}"
    )
    found = one(session, f"SELECT * FROM ML.EVALUATE(MODEL {model_type}, {KNOWN})")
    assert {name: found[name] for name in printed} == pytest.approx(printed, abs=within)


def test_p_values_are_those_of_the_normal_equations(session: Session) -> None:
    """Closed form by hand, over the columns of the dummy encoding: the most frequent category is left out."""
    session.sql(
        "CREATE MODEL tested OPTIONS(model_type = 'linear_reg', input_label_cols = ['body_mass_g'], "
        f"calculate_p_values = TRUE, category_encoding_method = 'DUMMY_ENCODING') AS {KNOWN}"
    )
    rows = session.sql(KNOWN.strip("()")).rows()
    numbers = ["culmen_length_mm", "culmen_depth_mm", "flipper_length_mm"]
    left_out = {"species": "Adelie", "island": "Biscoe", "sex": "MALE"}
    columns = {(name, None): [row[name] for row in rows] for name in numbers}
    for name, most_frequent in left_out.items():
        for category in sorted({row[name] for row in rows} - {most_frequent}):
            columns[name, category] = [float(row[name] == category) for row in rows]
    columns["__INTERCEPT__", None] = [1.0] * len(rows)
    x, y = np.array([*columns.values()], float).T, np.array([row["body_mass_g"] for row in rows], float)
    inverse = np.linalg.inv(x.T @ x)
    weights = inverse @ x.T @ y
    errors = np.sqrt(np.diag(inverse) * np.sum((y - x @ weights) ** 2) / (len(y) - x.shape[1]))
    found = {
        (row["processed_input"], row["category"]): row
        for row in session.sql("SELECT * FROM ML.ADVANCED_WEIGHTS(MODEL tested)").rows()
    }
    for key, weight, error in zip(columns, weights, errors, strict=True):
        assert found[key]["weight"] == pytest.approx(weight, rel=1e-7)
        assert found[key]["standard_error"] == pytest.approx(error, rel=1e-7)
        assert found[key]["p_value"] == pytest.approx(math.erfc(abs(weight / error) / math.sqrt(2)), rel=1e-6)
    for name, category in left_out.items():
        dropped = found[name, category]
        assert (dropped["weight"], dropped["standard_error"]) == (0.0, 0.0)
        assert math.isnan(dropped["p_value"])
