"""How long work tells that it moves: rooms report to a `Progress`, a front decides where it goes.

Bars on a terminal are `fronts.cli.progress.RichProgress`; JSON lines for programs, and for the process that started
this one, are `progress.event_log.EventLog`, whose schema is `progress.events`.
"""

from hagane.progress.progress import SILENT, Phase, Progress

__all__ = ["SILENT", "Phase", "Progress"]
