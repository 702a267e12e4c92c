"""`rollback`: an endpoint becomes what it was."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hagane.errors import Fault, NotFoundError
from hagane.serving.endpoint_state import EndpointState
from hagane.workspace.workspace import Workspace


def rollback(endpoint: str, *, revision: int | None = None, workspace: Workspace) -> EndpointState:
    """Give the endpoint the models, labels, traffic and keys of a `revision`; by default undo the last change.

    A second rollback undoes one change more. Settings stay as they are: a revoked token does not come back. Raises
    NotFoundError where there is no such revision, or one of its models has been deleted since.
    """
    history = workspace.endpoints.history(endpoint)
    target = _target(history, revision)

    def edit(before: EndpointState | None) -> EndpointState:
        assert before is not None
        restored = {"models": target.models, "buckets": target.buckets, "key_header": target.key_header}
        return msgspec.structs.replace(before, **restored, restores=target.revision)

    return workspace.endpoints.change(endpoint, edit, f"rollback to revision {target.revision}")


def _target(history: Sequence[EndpointState], revision: int | None) -> EndpointState:
    current = history[0]
    if revision is None:
        last = current.restores or current.revision
        found = next((each for each in history if each.revision < last and _models(each) != _models(current)), None)
        what = f"the endpoint {current.name} had no other models before revision {last}"
    else:
        found = next((state for state in history if state.revision == revision), None)
        what = f"the endpoint {current.name} has no revision {revision}"
    if found is None:
        told = f"1 to {current.revision}" if current.revision > 1 else "1"
        raise NotFoundError(Fault(what=what, expected=told, next_step=f"hagane endpoints history {current.name}"))
    return found


def _models(state: EndpointState) -> tuple[object, ...]:
    """What a rollback restores."""
    return (*state.models, state.key_header)
