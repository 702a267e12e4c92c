"""Endpoints from Python: `hagane.deploy`, `undeploy`, `rollback`, `update_endpoint`, `endpoints`, `ab_test`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hagane.workspace.workspace import Workspace

if TYPE_CHECKING:
    from hagane.fronts.python import TrainedModel
    from hagane.serving.endpoint_state import EndpointState
    from hagane.workflow.ab_test import ABTest


def deploy(
    model: str | Path | TrainedModel,
    to: str | None = None,
    *,
    traffic: int | None = None,
    labels: Sequence[str] = (),
    mirror: int | None = None,
    keep: bool = False,
    force: bool = False,
    workspace: str | Path | None = None,
) -> EndpointState:
    """Put a registered version behind the endpoint `to` (by default one of the model's name); its servers take it up.

    `traffic` is its percentage of the requests (100, or 0 with `mirror`: the percentage of which it answers copies);
    the others share the rest. With 100 it becomes `stable`, and what loses all traffic to it is undeployed unless it
    has another label or `keep` is said. Raises HaganeError with every fault, such as every column of which callers
    would have to know (`force` passes over those).
    """
    from hagane.workflow.deploy import deploy as work

    place, path = Workspace(workspace), model
    if not isinstance(model, str | Path):
        place, path = (model.workspace if workspace is None else place), model.path
    assert isinstance(path, str | Path)
    return work(path, to=to, traffic=traffic, labels=labels, mirror=mirror, keep=keep, force=force, workspace=place)


def undeploy(model: str, endpoint: str, *, workspace: str | Path | None = None) -> EndpointState:
    """Take a model (`late@3`, a label, its id) from an endpoint; the others share its traffic."""
    from hagane.workflow.undeploy import undeploy as work

    return work(model, endpoint=endpoint, workspace=Workspace(workspace))


def rollback(endpoint: str, revision: int | None = None, *, workspace: str | Path | None = None) -> EndpointState:
    """Undo the last change of an endpoint's models and traffic (again: the one before), or go to a `revision`."""
    from hagane.workflow.rollback import rollback as work

    return work(endpoint, revision=revision, workspace=Workspace(workspace))


def update_endpoint(
    endpoint: str,
    *,
    traffic_split: Mapping[str, int] | None = None,
    mirror: Mapping[str, int] | None = None,
    labels: Mapping[str, str] | None = None,
    key_header: str | None = None,
    workspace: str | Path | None = None,
) -> EndpointState:
    """Change an endpoint: `traffic_split={"late@3": 90, "canary": 10}`, mirrored percentages, a model a label."""
    from hagane.workflow.update_endpoint import update_endpoint as work

    return work(
        endpoint,
        traffic_split=traffic_split,
        mirror=mirror,
        labels=labels,
        key_header=key_header,
        workspace=Workspace(workspace),
    )


def ab_test(
    endpoint: str,
    *,
    metric: str,
    data: object | None = None,
    a: str | None = None,
    b: str | None = None,
    resolution: float | None = None,
    level: float = 0.95,
    workspace: str | Path | None = None,
) -> ABTest:
    """Hold the deployed version `b` against `a` by what came true: `.verdict`, `.text`, the difference and its bounds.

    The bounds hold at every look. `metric`: accuracy, log_loss, outcome, rmse or mean_absolute_error; `data` (paths,
    SQL, frames) has `deployed_model_id`, `prediction` and `truth`, without it the request log is read with its truth;
    `resolution` is the smallest difference that matters, chosen before the first look.
    """
    from hagane.workflow.ab_test import ab_test as work

    place = Workspace(workspace)
    return work(endpoint, metric=metric, data=data, a=a, b=b, resolution=resolution, level=level, workspace=place)


def endpoints(workspace: str | Path | None = None) -> Sequence[EndpointState]:
    """Every endpoint as it is now: name, models with their shares, labels, traffic split, revision."""
    return Workspace(workspace).endpoints.list()
