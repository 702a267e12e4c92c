"""PNG files: the right ones, not blank, and nothing global touched."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.image import imread

from hagane.evaluation import evaluate, save_plots

CURVE = [SimpleNamespace(training_run=0, iteration=i + 1, loss=1 / (i + 1), eval_loss=None) for i in range(5)]
EXPECTED = {
    "adult": ["confusion_matrix", "roc_curve", "pr_curve", "calibration"],
    "penguins": ["confusion_matrix", "calibration"],
    "california": ["predictions", "residuals"],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_pictures_of_real_models_are_written(name, request, tmp_path):
    result = request.getfixturevalue(name).evaluate()
    paths = save_plots(result, tmp_path / "deep" / "plots", curve=CURVE, importance={"$a$_b": 2.0, "鋼" * 40: 1.0})
    assert [path.stem for path in paths] == [*EXPECTED[name], "training_curve", "importance"]
    for path in paths:
        pixels = imread(path)
        assert pixels.shape[0] > 300
        assert pixels.std() > 0.05


def test_what_is_undefined_has_no_picture(tmp_path):
    one_class = evaluate(np.zeros(3, int), np.zeros(3), task="classification", classes=["a", "b"])
    assert [path.stem for path in save_plots(one_class, tmp_path)] == ["confusion_matrix", "calibration"]
    nothing = evaluate(np.zeros(0), np.zeros(0), task="regression")
    assert save_plots(nothing, tmp_path) == ()


def test_constants_and_extremes_are_drawn(tmp_path):
    constant = evaluate(np.full(3, 2.0), np.full(3, 2.0), task="regression")
    assert len(save_plots(constant, tmp_path / "constant")) == 2
    extreme = evaluate(np.array([-1e300, 1e300]), np.array([1e300, -1e300]), task="regression")
    assert len(save_plots(extreme, tmp_path / "extreme")) == 2
    labels = np.arange(30)
    many = evaluate(labels, np.eye(30), task="classification", classes=[f"class number {i}" for i in labels])
    assert len(save_plots(many, tmp_path / "many")) == 2


def test_pyplot_is_left_alone(tmp_path):
    code = (
        "import sys, numpy as np; from hagane.evaluation import evaluate, save_plots;"
        f"save_plots(evaluate(np.arange(5.0), np.arange(5.0), task='regression'), {str(tmp_path)!r});"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
