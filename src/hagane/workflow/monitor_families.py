"""Every metric of `hagane monitor`: its name, what it means, its labels."""

from __future__ import annotations

from hagane.serving.metrics.family import Family

_MODEL = ("endpoint", "model", "version")
_FINDING = (*_MODEL, "of", "name", "measure", "slice")

VALUE = Family(
    "hagane_monitor_value", "gauge", "What was found in a model's latest judged window.", _FINDING, merge="max"
)
THRESHOLD = Family("hagane_monitor_threshold", "gauge", "Its threshold.", _FINDING, merge="max")
ALERT = Family("hagane_monitor_alert", "gauge", "1 while an alert of it is open, else 0.", _FINDING, merge="max")
OPEN_ALERTS = Family("hagane_monitor_open_alerts", "gauge", "Alerts that are open.", ("endpoint",))
LEFT_OUT = Family(
    "hagane_monitor_left_out_findings", "gauge", "Findings that are not told here: there are too many.", ("endpoint",)
)
ROWS = Family("hagane_monitor_window_rows", "gauge", "Logged rows of a model's latest window.", _MODEL, merge="max")
TRAFFIC = Family(
    "hagane_monitor_window_traffic_rows", "gauge", "Rows of the traffic for which they stand.", _MODEL, merge="max"
)
ERRORS = Family("hagane_monitor_window_error_rows", "gauge", "Logged rows of it that erred.", _MODEL, merge="max")
WINDOW_END = Family(
    "hagane_monitor_window_end_timestamp_seconds", "gauge", "When it ended, in Unix time.", _MODEL, merge="max"
)
ROUND_TIME = Family(
    "hagane_monitor_round_timestamp_seconds", "gauge", "When the last round ended, in Unix time.", ("endpoint",)
)
SUCCESS_TIME = Family(
    "hagane_monitor_success_timestamp_seconds", "gauge", "When the last round ended that looked.", ("endpoint",)
)
ROUND_SECONDS = Family("hagane_monitor_round_duration_seconds", "gauge", "How long the last round took.", ("endpoint",))
ROUND_FAULTS = Family(
    "hagane_monitor_round_faults", "gauge", "What went wrong in the last round: looking, or a channel.", ("endpoint",)
)

MONITOR_FAMILIES = (
    VALUE, THRESHOLD, ALERT, OPEN_ALERTS, LEFT_OUT, ROWS, TRAFFIC, ERRORS, WINDOW_END, ROUND_TIME, SUCCESS_TIME,
    ROUND_SECONDS, ROUND_FAULTS,
)  # fmt: skip
"""In the order in which they are told."""
