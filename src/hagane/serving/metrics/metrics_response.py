"""`metrics_response`: what processes have counted, as an answer."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.serving.http import Request, Response
from hagane.serving.metrics.exposition import choose_format, exposition
from hagane.serving.metrics.families import MODEL_INFO
from hagane.serving.metrics.process_facts import process_facts
from hagane.serving.metrics.read_cells import ProcessCells


def metrics_response(processes: Sequence[ProcessCells], request: Request) -> Response:
    """In the format that the client reads best, with what the system knows of the processes that live."""
    form = choose_format(request.headers.get(b"accept", b""))
    live = [process.pid for process in processes if process.is_live]
    told = [*map(_without_unloaded, processes), *process_facts(live)]
    return Response(200, exposition(told, form), form.content_type)


def _without_unloaded(process: ProcessCells) -> ProcessCells:
    """Without the infos of versions that are served no more."""
    kept = (each for each in process.series if each.family != MODEL_INFO.name or each.cells != (0.0,))
    return process._replace(series=tuple(kept))
