"""What each metric is called, and which way is better."""

from __future__ import annotations

import msgspec


class MetricInfo(msgspec.Struct, frozen=True):
    """How people read a metric."""

    title: str
    higher_is_better: bool
    meaning: str
    """One sentence for somebody who has not met it."""
    is_share: bool = True
    """Whether it lives in [0, 1]."""


METRICS: dict[str, MetricInfo] = {
    "roc_auc": MetricInfo("ROC AUC", True, "How often a positive row is scored above a negative one; 0.5 is chance."),
    "pr_auc": MetricInfo("PR AUC", True, "Average precision over all recalls; chance is the share of positive rows."),
    "accuracy": MetricInfo("Accuracy", True, "The share of rows answered rightly."),
    "subset_accuracy": MetricInfo("Subset accuracy", True, "The share of rows in which every answer is right."),
    "hamming_loss": MetricInfo("Hamming loss", False, "The share of wrong answers, over all rows and labels."),
    "precision": MetricInfo("Precision", True, "Of the rows called positive, the share that are."),
    "recall": MetricInfo("Recall", True, "Of the positive rows, the share that is found."),
    "f1_score": MetricInfo("F1 score", True, "The harmonic mean of precision and recall."),
    "log_loss": MetricInfo("Log loss", False, "What the probabilities cost, in nats a row.", False),
    "macro_log_loss": MetricInfo("Log loss, macro", False, "Log loss averaged by class, as BigQuery ML does.", False),
    "brier_score": MetricInfo("Brier score", False, "Mean squared error of the probabilities.", False),
    "expected_calibration_error": MetricInfo(
        "Calibration error", False, "How far predicted probabilities lie from what happened, on average."
    ),
    "mean_pinball_loss": MetricInfo(
        "Pinball loss", False, "What a quantile costs: errors on either side weigh as its share says.", False
    ),
    "mean_poisson_deviance": MetricInfo(
        "Poisson deviance", False, "How unlikely the counts are at the rates predicted; 0 where they are equal.", False
    ),
    "r2_score": MetricInfo(
        "R²", True, "The share of the variation accounted for; 0 is no better than the mean.", False
    ),
    "explained_variance": MetricInfo("Explained variance", True, "R² that forgives a constant offset.", False),
    "root_mean_squared_error": MetricInfo(
        "RMSE", False, "Typical error in the label's unit; large ones weigh more.", False
    ),
    "mean_absolute_error": MetricInfo("Mean absolute error", False, "Average error in the label's unit.", False),
    "median_absolute_error": MetricInfo(
        "Median absolute error", False, "Half of the rows err by no more than this.", False
    ),
    "mean_squared_error": MetricInfo("Mean squared error", False, "RMSE squared.", False),
    "mean_squared_log_error": MetricInfo(
        "Mean squared log error", False, "Squared error of logarithms: ratios.", False
    ),
    "davies_bouldin_index": MetricInfo(
        "Davies–Bouldin index", False, "How wide clusters are for how far they lie apart; 0 is best.", False
    ),
    "mean_squared_distance": MetricInfo(
        "Mean squared distance", False, "Of rows to the centroid of their cluster, squared, on average.", False
    ),
    "total_explained_variance_ratio": MetricInfo(
        "Explained variance ratio", True, "The share of the features' variance that the components keep."
    ),
}
"""Every metric that an evaluation can hold, in the order in which it is shown."""


def metric_info(name: str) -> MetricInfo:
    """The entry of `METRICS`, or one made from the name for a metric that a newer version wrote.

    >>> metric_info("roc_auc").title
    'ROC AUC'
    """
    return METRICS.get(name) or MetricInfo(name.replace("_", " "), True, "", False)
