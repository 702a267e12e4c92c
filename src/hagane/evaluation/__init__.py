"""What a model is worth: `evaluate`, `compare`, `compare_scores`, plots and a report.

>>> import numpy as np
>>> result = evaluate(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]), task="regression")
>>> result.headline()
('r2_score', 0.5)
"""

from hagane.evaluation.compare import compare
from hagane.evaluation.compare_scores import compare_scores
from hagane.evaluation.comparison import Comparison
from hagane.evaluation.evaluate import evaluate
from hagane.evaluation.evaluation import Evaluation, MetricRow
from hagane.evaluation.report.report_html import report_html
from hagane.evaluation.save_plots import save_plots

__all__ = [
    "Comparison",
    "Evaluation",
    "MetricRow",
    "compare",
    "compare_scores",
    "evaluate",
    "report_html",
    "save_plots",
]
