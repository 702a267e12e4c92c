"""An ensemble's models have a curve each, in every picture of it."""

from __future__ import annotations

import re

from matplotlib.figure import Figure

from hagane.evaluation.plots import draw_training_curve
from hagane.evaluation.report.charts import training_chart
from hagane.models.family import Iteration

CURVE = [
    Iteration(iteration=number, training_run=run, loss=1 / number, eval_loss=1.1 / number)
    for number, run in enumerate((0, 0, 0, 1, 1, 2), 1)
]


def test_the_page_has_a_line_for_each_model() -> None:
    drawn = str(training_chart(CURVE, 6))
    assert len(re.findall(r'class="line first"', drawn)) == 3
    assert len(re.findall(r'class="line second"', drawn)) == 3
    alone = str(training_chart(CURVE[:3], 3))
    assert len(re.findall(r'class="line first"', alone)) == 1
    assert "Kept: iteration 6" in drawn


def test_the_plot_has_a_line_for_each_model_and_one_entry_for_all() -> None:
    axes = Figure().add_subplot()
    draw_training_curve(CURVE, axes, kept=6)
    lengths = [len(line.get_xdata()) for line in axes.get_lines()]
    assert sorted(lengths)[-4:] == [2, 2, 3, 3]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert [label for label in labels if "rows" in label] == ["training rows", "watched rows"]
