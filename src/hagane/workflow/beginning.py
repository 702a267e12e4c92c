"""`find_beginning`: the earlier model with which a training begins: a bundle, or a run that was interrupted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hagane.bundle.manifest import SIGNATURE_NAME, read_manifest, read_verified
from hagane.bundle.signature import Signature
from hagane.errors import BundleError, Fault, NotFoundError
from hagane.features.label import Class
from hagane.features.several_labels import Labels
from hagane.features.transform import Transform
from hagane.models.warm_start import PREFIX, WarmStart
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Spec
from hagane.spec.warm_start import WarmStartOptions, as_warm_start
from hagane.training.checkpoint_folder import is_checkpoint, newest_checkpoint
from hagane.workspace.model_version import spec_name
from hagane.workspace.run_folder import CHECKPOINTS, read_about
from hagane.workspace.workspace import Workspace
from hagane.write_aside import write_aside

SPEC_FILE, TRANSFORM_FILE, LABEL_FILE = "spec.yaml", "transform.json", "label.json"
AT = "training.warm_start"


@dataclass(frozen=True, slots=True)
class Beginning:
    """An earlier model, as far as a training can begin with it."""

    reference: str
    """What names this very one: `late@3`, the absolute path of a bundle."""
    digest: str
    spec: Spec
    """Its resolved one."""
    transform: Transform
    classes: tuple[Class, ...]
    parameters: Mapping[str, bytes]
    labels: tuple[str, ...] = ()
    """What it predicts at once, where that is several labels."""
    run: str = ""
    """The run that goes on saving, of whose newest checkpoint the parameters are; empty for what stays as it is."""

    @property
    def identity(self) -> str:
        """What a run that begins with it is known by: the same when it is started again."""
        return self.run or self.digest

    @property
    def warm_start(self) -> WarmStart:
        """For the family."""
        return WarmStart(
            reference=self.reference,
            digest=self.digest,
            parameters=self.parameters,
            features=self.transform.features,
            options=self.spec.model.options,
        )


def find_beginning(spec: Spec, workspace: Workspace) -> Beginning | None:
    """The model that `training.warm_start` names; None where it names none.

    Raises NotFoundError where there is none of that name, BundleError where it is damaged or left no parameters.
    """
    asked = as_warm_start(spec.training.warm_start)
    if asked is None:
        return None
    path = Path(asked.model) if asked.model else None
    checkpoint = _checkpoint(path) if path else None
    if checkpoint is None:
        return _of_bundle(asked, spec, workspace)
    return _of_checkpoint(checkpoint, named="" if checkpoint == path else str(_run_of(checkpoint)))


def keep_features(folder: Path, transform: Transform, label: Labels) -> None:
    """Let a later training begin with what the run in `folder` has learned, though it never ends."""
    for name, content in ((TRANSFORM_FILE, transform.to_json()), (LABEL_FILE, msgspec.json.encode(label))):
        if not (folder / name).exists():
            write_aside(folder / name, content)


def _of_bundle(asked: WarmStartOptions, spec: Spec, workspace: Workspace) -> Beginning:
    folder, reference = _place(asked, spec, workspace)
    names = [name for name in read_manifest(folder).files if name.startswith(PREFIX)]
    manifest, files = read_verified(folder, keep=(SIGNATURE_NAME, SPEC_FILE, TRANSFORM_FILE, *names))
    signature = msgspec.json.decode(files[SIGNATURE_NAME], type=Signature)
    if not names:
        raise BundleError(_left_nothing(reference, signature.model_type))
    return Beginning(
        reference=reference,
        digest=manifest.bundle_id,
        spec=read_yaml(files[SPEC_FILE].decode(), path=str(folder / SPEC_FILE)),
        transform=Transform.from_json(files[TRANSFORM_FILE]),
        classes=signature.classes,
        parameters={name: files[name] for name in names},
        labels=tuple(label.name for label in signature.labels),
    )


def _of_checkpoint(checkpoint: Path, named: str) -> Beginning:
    """What the run in whose folder the checkpoint lies has learned so far; `named`: the run, where it was asked for."""
    from hagane.models.torch_parameters import parameters_of_checkpoint

    run = _run_of(checkpoint)
    reference = named or str(checkpoint.absolute())
    about, parameters = read_about(run), parameters_of_checkpoint(checkpoint)
    if about is None or parameters is None:
        raise BundleError(_no_network(reference, about.model_type if about else "a run that cannot be read"))
    contents = b"".join(content for _, content in sorted(parameters.items()))
    try:
        transform = Transform.from_json((run / TRANSFORM_FILE).read_bytes())
        label = msgspec.json.decode((run / LABEL_FILE).read_bytes(), type=_KeptLabel)
    except (OSError, msgspec.DecodeError) as error:
        raise BundleError(Fault(what=f"the run cannot be read: {error}", where=str(run))) from None
    return Beginning(
        reference=reference,
        digest=hashlib.sha256(contents).hexdigest()[:16],
        spec=read_yaml(about.spec, path=str(run)),
        transform=transform,
        classes=label.classes,
        parameters=parameters,
        run=named,
        labels=tuple(one.column for one in label.each),
    )


class _KeptColumn(msgspec.Struct):
    """One of several labels."""

    column: str


class _KeptLabel(msgspec.Struct):
    """Of the label that `keep_features` left: its classes, or the columns of several."""

    classes: tuple[Class, ...] = ()
    each: tuple[_KeptColumn, ...] = ()


def _run_of(checkpoint: Path) -> Path:
    """The run's folder: the checkpoints lie in one of it, or each process's in one of that."""
    folder = checkpoint.absolute().parent
    return folder.parent if folder.name == CHECKPOINTS else folder.parent.parent


def _checkpoint(path: Path) -> Path | None:
    """The checkpoint that a path names: itself, or the newest of a run's folder; None where it names none."""
    if is_checkpoint(path) and read_about(_run_of(path)) is not None:
        return path
    if read_about(path) is None:
        return None
    found = newest_checkpoint(path / CHECKPOINTS)
    if found is None:
        step = "run its command again until it has saved its state"
        raise NotFoundError(Fault(what="the run has no checkpoint yet", where=str(path), next_step=step))
    return found


def _place(asked: WarmStartOptions, spec: Spec, workspace: Workspace) -> tuple[Path, str]:
    """The bundle's folder, and the reference that names it whatever is trained afterwards."""
    named = asked.model or spec_name(spec)
    try:
        folder = workspace.bundle_path(named)
    except NotFoundError as error:
        step = "train it once without warm_start, or name another model"
        if asked.model is not None:
            raise
        raise NotFoundError(*(msgspec.structs.replace(fault, next_step=step) for fault in error.faults)) from None
    version = workspace.version_at(folder)
    return folder, version.reference if version else str(folder.absolute())


def _no_network(reference: str, model_type: str) -> Fault:
    return Fault(
        what="a training cannot begin with this checkpoint: it is damaged, or of no network",
        where=AT,
        received=f"{reference} ({model_type})",
        next_step="run the command that made it to its end, and name its model",
    )


def _left_nothing(reference: str, model_type: str) -> Fault:
    return Fault(
        what=f"{reference} left no parameters to begin with",
        where=AT,
        expected=f"a file {PREFIX}… in its bundle",
        received=model_type,
        next_step="train it again with this release, or train without a warm start",
    )
