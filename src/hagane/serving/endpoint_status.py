"""`EndpointStatus`: what a server makes of its endpoint, for whoever asks it."""

from __future__ import annotations

from typing import Any

import msgspec

from hagane.serving.endpoint_state import EndpointState
from hagane.serving.server_report import ServerReport


class EndpointStatus:
    """The latest report and the state that is served; each is replaced as a whole."""

    def __init__(self, report: ServerReport) -> None:
        self.report = report
        self.state: EndpointState | None = None
        """The state whose models answer."""

    def as_json(self) -> dict[str, Any]:
        """The endpoint as `GET /metadata` tells it: its models with their shares, what was not taken and why."""
        report, state = self.report, self.state
        return {
            "name": report.endpoint,
            "revision": report.revision,
            "wantedRevision": report.wanted_revision,
            "problem": report.problem or None,
            "trafficSplit": state.traffic_split if state else {},
            "keyHeader": state.key_header if state else None,
            "deployedModels": [
                {
                    "id": each.id,
                    "model": each.model,
                    "version": str(each.version),
                    "traffic": each.traffic,
                    "mirror": each.mirror,
                    "labels": each.labels,
                }
                for each in (state.models if state else ())
            ],
            "versions": msgspec.to_builtins(report.models),
        }
