"""`known_model`: the model of logged rows."""

from __future__ import annotations

from collections.abc import Mapping

from hagane.errors import DataError, Fault
from hagane.serving.request_log.file_metadata import LoggedModel


def known_model(models: Mapping[str, LoggedModel], deployed_model_id: str) -> LoggedModel:
    """Of `logged_models`. Raises DataError where no file tells: the rows were written by nobody who writes a log."""
    if deployed_model_id not in models:
        what = f"rows of the deployed model '{deployed_model_id}' are logged, and no file tells which model it is"
        raise DataError(Fault(what=what, next_step="restore the folder models/ of the log"))
    return models[deployed_model_id]
