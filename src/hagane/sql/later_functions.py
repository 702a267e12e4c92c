"""`LATER_FUNCTIONS`: functions over models and data that are read, and refused: what each of them lacks."""

from __future__ import annotations

from typing import NamedTuple


class LaterFunction(NamedTuple):
    """Why a function is refused."""

    what: str
    next_step: str


_NO_SERIES = "{} reads a model of a time series, and none can be made yet (ARIMA_PLUS)"
_SERIES_STEP = "train a model over lagged columns of the series, and ask ML.PREDICT"
_NO_SERVICE = "{} asks a service of Google's, which is not here"
_SERVICE_STEP = "CREATE MODEL … REMOTE asks an HTTP endpoint of your own, by ML.PREDICT"
_ROLLING = "compute it with window functions: AVG(x) OVER (ORDER BY at ROWS 6 PRECEDING)"

LATER_FUNCTIONS: dict[str, LaterFunction] = {
    **{
        name: LaterFunction(_NO_SERIES.format(name), _SERIES_STEP)
        for name in (
            *("ML.FORECAST", "ML.EXPLAIN_FORECAST", "ML.ARIMA_EVALUATE", "ML.ARIMA_COEFFICIENTS", "ML.HOLIDAY_INFO"),
        )
    },
    **{
        name: LaterFunction(f"{name} needs the decomposition of a series, which is not here yet", _ROLLING)
        for name in ("ML.TREND", "ML.SEASONALITY", "ML.DETECT_CHANGE_POINTS")
    },
    "ML.RECOMMEND": LaterFunction(
        "ML.RECOMMEND reads a model of MATRIX_FACTORIZATION, and none can be made yet",
        "rank the predictions of a model over features of the user and the item",
    ),
    "ML.GET_INSIGHTS": LaterFunction(
        "ML.GET_INSIGHTS reads a model of CONTRIBUTION_ANALYSIS, and none can be made yet",
        "compare the segments in a query: GROUP BY the dimensions, and difference of the sums",
    ),
    **{
        name: LaterFunction(_NO_SERVICE.format(name), _SERVICE_STEP)
        for name in (
            *("ML.GENERATE_TEXT", "ML.GENERATE_TEXT_EMBEDDING", "ML.GENERATE_TABLE", "ML.TRANSLATE"),
            *("ML.UNDERSTAND_TEXT", "ML.ANNOTATE_IMAGE", "ML.TRANSCRIBE", "ML.PROCESS_DOCUMENT"),
            *("AI.GENERATE_TEXT", "AI.GENERATE_TABLE", "AI.GENERATE_EMBEDDING", "AI.SEARCH"),
            "AI.PARSE_DOCUMENT",
        )
    },
    **{
        name: LaterFunction(f"{name} asks a model that Google trained (TimesFM), which is not here", _SERIES_STEP)
        for name in ("AI.FORECAST", "AI.EVALUATE", "AI.DETECT_ANOMALIES")
    },
    "AI.PREDICT": LaterFunction(
        "AI.PREDICT asks a model that Google trained, which is not here",
        "train a model of your own, and ask ML.PREDICT; AUTOML_CLASSIFIER and AUTOML_REGRESSOR choose one",
    ),
    "AI.KEY_DRIVERS": LaterFunction(
        "AI.KEY_DRIVERS needs the search of CONTRIBUTION_ANALYSIS, which is not here yet",
        "compare the segments in a query: GROUP BY the dimensions, and difference of the sums",
    ),
}
"""Function with its namespace → why it is refused. What can be run is no matter of this table: it is looked at last."""
