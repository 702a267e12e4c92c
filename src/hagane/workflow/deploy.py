"""`deploy`: a version of a model goes behind an endpoint, and takes a share of its traffic."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from hagane.bundle.bundle import Bundle
from hagane.errors import BundleError, Fault, NotFoundError, RequestError, SpecError
from hagane.serving.endpoint_state import STABLE, DeployedModel, EndpointState
from hagane.serving.example import example_instance
from hagane.serving.traffic import assign_buckets, shared_out
from hagane.workflow.signature_changes import signature_changes
from hagane.workspace.endpoints import now_text
from hagane.workspace.model_version import ModelVersion
from hagane.workspace.workspace import Workspace


def deploy(
    model: str | Path,
    *,
    to: str | None = None,
    traffic: int | None = None,
    labels: Sequence[str] = (),
    mirror: int | None = None,
    keep: bool = False,
    force: bool = False,
    unlabel: Sequence[str] = (),
    check: Callable[[EndpointState], None] | None = None,
    note: str = "",
    workspace: Workspace,
) -> EndpointState:
    """Put a registered version behind the endpoint `to` (by default one of the model's own name), which may be new.

    It gets `traffic` percent of the requests: 100 where nothing is said, 0 for one that is to answer copies of `mirror`
    percent of them. The others share the rest in proportion to what they have. With 100 it gets the label `stable`, and
    those that lose all traffic to it are undeployed unless they have another label, or `keep` is said. A version that
    is there already gets the share. `labels` move to it from whoever has them; those of `unlabel` it loses. `check` may
    refuse the state that is to be changed, by raising; `note` stands behind what the history says of the change.

    The bundle is loaded and answers its own example first. Raises HaganeError with every fault, for a signature that
    callers could not use as they use the endpoint now, too, unless `force` is said; then nothing has changed.
    """
    version = _registered(model, workspace)
    name = version.name if to is None else to
    bundle = _proven(version)
    known = workspace.endpoints.find(name)
    if known is not None and not force:
        _check_callers(known, version, bundle)
    share = traffic if traffic is not None else 100 if mirror is None else 0

    def edit(before: EndpointState | None) -> EndpointState:
        state = before or EndpointState(name=name)
        if check is not None:
            check(state)
        after = with_deployed(state, version, traffic=share, labels=labels, mirror=mirror, keep=keep)
        return without_labels(after, version.reference, unlabel) if unlabel else after

    return workspace.endpoints.change(name, edit, _words(version, share, labels, mirror, note))


def with_deployed(
    state: EndpointState,
    version: ModelVersion,
    *,
    traffic: int,
    labels: Sequence[str] = (),
    mirror: int | None = None,
    keep: bool = False,
) -> EndpointState:
    """The state with this version deployed, as `deploy` says. Raises SpecError for percentages that are none."""
    faults = [
        Fault(what=f"{word} cannot be {percent}", where=word, expected="a whole percentage from 0 to 100")
        for word, percent in (("traffic", traffic), ("mirror", mirror))
        if percent is not None and not 0 <= percent <= 100
    ]
    if traffic == 100 and mirror:
        what = f"{version.reference} would answer all requests: there are none to mirror"
        faults.append(Fault(what=what, where="mirror"))
    if faults:
        raise SpecError(*faults)
    there = next((each for each in state.models if each.reference == version.reference), None)
    taken = {*labels, *((STABLE,) if traffic == 100 else ())}
    own = there or DeployedModel(id=_new_id(state), model=version.name, version=version.version, deployed=now_text())
    own = msgspec.structs.replace(
        own,
        traffic=traffic,
        mirror=0 if traffic == 100 else own.mirror if mirror is None else mirror,
        labels=tuple(sorted({*own.labels, *taken})),
    )
    others = [each for each in state.models if each is not there]
    rest = shared_out(100 - traffic, [each.traffic for each in others])
    changed = [
        msgspec.structs.replace(each, traffic=share, labels=tuple(label for label in each.labels if label not in taken))
        for each, share in zip(others, rest, strict=True)
    ]
    lost = [each.id for each, now in zip(others, changed, strict=True) if each.traffic and not now.traffic]
    stay = [each for each in changed if keep or each.id not in lost or each.labels or each.mirror]
    return with_split(state, (*stay, own))


def without_labels(state: EndpointState, reference: str, labels: Sequence[str]) -> EndpointState:
    """The state whose model `reference` (`late@4`) has none of these labels."""
    models = [
        msgspec.structs.replace(each, labels=tuple(label for label in each.labels if label not in labels))
        if each.reference == reference
        else each
        for each in state.models
    ]
    return msgspec.structs.replace(state, models=tuple(models))


def with_split(state: EndpointState, models: Sequence[DeployedModel]) -> EndpointState:
    """The state with these models, the keys moved as little as their shares allow. Raises SpecError: not 100."""
    total = sum(each.traffic for each in models)
    if models and total != 100:
        told = ", ".join(f"{each.reference}={each.traffic}" for each in models)
        step = "the first model of an endpoint takes 100" if len(models) == 1 else ""
        raise SpecError(Fault(what=f"the traffic split sums to {total}", expected="100", received=told, next_step=step))
    split = {each.id: each.traffic for each in models}
    return msgspec.structs.replace(
        state, models=tuple(models), buckets=assign_buckets(state.buckets, split) if models else (), restores=None
    )


def _registered(model: str | Path, workspace: Workspace) -> ModelVersion:
    """Raises NotFoundError for a bundle that the workspace does not know."""
    path = workspace.bundle_path(model)
    version = workspace.version_at(path)
    if version is None:
        what = f"the bundle at {path} is not registered in this workspace"
        expected = "a model's name (late), or name and version (late@3)"
        raise NotFoundError(Fault(what=what, expected=expected, next_step="hagane models list"))
    return version


def _proven(version: ModelVersion) -> Bundle:
    """The bundle, which loads and answers. Raises BundleError."""
    bundle = Bundle.load(version.path)
    try:
        bundle.predict([example_instance(bundle.signature)], on_error="null", extra="ignore")
    except RequestError as error:
        raise BundleError(*(msgspec.structs.replace(each, where=str(version.path)) for each in error.faults)) from None
    return bundle


def _check_callers(state: EndpointState, version: ModelVersion, bundle: Bundle) -> None:
    """Raises SpecError with every change on which callers of the endpoint could break."""
    from hagane.workflow.read_signature import read_signature

    main = max(state.models, key=lambda each: each.traffic)
    if main.reference == version.reference:
        return
    changes = signature_changes(read_signature(main.path), bundle.signature)
    if changes:
        what = f"{version.reference} would not answer the callers of {state.name} as {main.reference} does"
        step = "deploy it to another endpoint, or say --force"
        raise SpecError(Fault(what=what, next_step=step), *changes)


def _new_id(state: EndpointState) -> str:
    """Ten digits, as Vertex AI gives them out, that no model of the endpoint has."""
    while True:
        made = str(10**9 + secrets.randbelow(9 * 10**9))
        if all(each.id != made for each in state.models):
            return made


def _words(version: ModelVersion, share: int, labels: Sequence[str], mirror: int | None, note: str) -> str:
    text = f"deploy {version.reference}, traffic {share}"
    text += "".join(f", label {label}" for label in labels)
    text += f", mirror {mirror}" if mirror is not None else ""
    return f"{text} ({note})" if note else text
