"""`ApiState`: what the handlers of the API share."""

from __future__ import annotations

from dataclasses import dataclass

from hagane.session.rest.jobs import Jobs
from hagane.session.rest.uploads import Uploads
from hagane.session.rest.workspace_sessions import WorkspaceSessions
from hagane.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ApiState:
    """One server's. Whatever project a client names is this workspace."""

    sessions: WorkspaceSessions
    jobs: Jobs
    uploads: Uploads

    @property
    def workspace(self) -> Workspace:
        """What the server is about."""
        return self.sessions.workspace
