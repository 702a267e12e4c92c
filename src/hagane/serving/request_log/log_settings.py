"""`LogSettings`: where an endpoint's log lies, and its options: what a server is told."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.log_options import LogOptions
from hagane.serving.request_log.request_log import RequestLog


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """JSON, so that it travels to worker processes.

    >>> settings = LogSettings(logs="/srv/logs", endpoint="late", options=LogOptions(rate=0.1))
    >>> msgspec.json.decode(msgspec.json.encode(settings), type=LogSettings) == settings
    True
    """

    logs: str
    """The folder of all logs."""
    endpoint: str = ""
    """Its name; the model's where it is empty."""
    options: LogOptions = LogOptions()

    def open(self, model: str) -> RequestLog:
        """The log, ready to observe what `model` is asked.

        Raises SpecError for options that cannot be, StorageError, MissingExtraError.
        """
        return RequestLog(LogFolder(Path(self.logs), self.endpoint or model), self.options).open()
