"""`package_model`: what an image that serves one model is built from, and what runs it in clusters."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from hagane.bundle.bundle import Bundle
from hagane.bundle.exchange import exchange
from hagane.bundle.manifest import MANIFEST_NAME, MODEL_NAME, SIGNED_NAME
from hagane.errors import Fault, SpecError, StorageError, nearest
from hagane.progress import SILENT, Progress
from hagane.serving.http_server import SHUTDOWN_SECONDS
from hagane.workflow.check_output import check_folder_output
from hagane.workflow.packaging.dockerfile import FIRST_LINE, dockerfile
from hagane.workflow.packaging.image import Image, dns_label
from hagane.workflow.packaging.knative_manifest import knative_manifest
from hagane.workflow.packaging.kserve_manifest import kserve_manifest
from hagane.workflow.packaging.kubernetes_manifest import kubernetes_manifest
from hagane.workflow.packaging.own_wheel import own_wheel
from hagane.workflow.packaging.pinned_requirements import EXTRAS, Pin, pinned_requirements
from hagane.workflow.packaging.wheel_hashes import ARCHITECTURES, wheel_hashes
from hagane.workspace.workspace import Workspace

IGNORE = "*\n!requirements.txt\n!wheels\n!model\n"
MANIFESTS = {
    "kubernetes.yaml": ("Deployment, Service, HorizontalPodAutoscaler and PodDisruptionBudget", kubernetes_manifest),
    "knative.yaml": ("a Knative Service: no pods while nobody asks", knative_manifest),
    "kserve.yaml": ("a KServe InferenceService: protocols v1 and v2", kserve_manifest),
}


@dataclass(frozen=True, slots=True)
class Package:
    """What was written."""

    path: Path
    image: str
    requirements: tuple[str, ...]
    """`name==version` of each package in the image."""
    has_hashes: bool


def package_model(
    model: str | Path,
    out: Path | None = None,
    *,
    workspace: Workspace,
    image: str = "",
    extras: Sequence[str] = (),
    hashes: bool = True,
    progress: Progress = SILENT,
) -> Package:
    """Write a folder with a Dockerfile, all that it needs, and manifests; by default `<model>-image`.

    The folder appears whole, in the place of an earlier package that was there. `extras` (`grpc`, `log`) are parts of
    the server that need packages of their own. The packages are those of this environment; with `hashes` their wheels
    are known by the digests that the index tells, if it can be asked. Raises NotFoundError for the model,
    StorageError for a folder that is something else, SpecError for an extra that is none, MissingExtraError.
    """
    _check_extras(extras)
    bundle = Bundle.load(workspace.bundle_path(str(model)))
    place = workspace.version_at(bundle.folder)
    out = out or Path(f"{dns_label(bundle.name)}-image")
    check_folder_output(out, option="-o")
    _check_place(out)
    pins = pinned_requirements(extras)
    digests = _digests(pins, progress) if hashes else None
    made = Image(
        name=image or f"{dns_label(bundle.name)}:{place.version if place else bundle.bundle_id}",
        model=bundle.name,
        bundle_id=bundle.bundle_id,
        model_bytes=(bundle.folder / MODEL_NAME).stat().st_size,
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        hagane=version("hagane"),
        has_hashes=digests is not None,
        has_grpc="grpc" in extras,
        shutdown_seconds=int(SHUTDOWN_SECONDS),
    )
    with _aside(out) as aside:
        _write(aside, made, bundle, pins, digests)
    return Package(out, made.name, tuple(f"{pin.name}=={pin.version}" for pin in pins), made.has_hashes)


def _write(
    folder: Path, image: Image, bundle: Bundle, pins: Sequence[Pin], digests: Mapping[Pin, tuple[str, ...]] | None
) -> None:
    (folder / "wheels").mkdir()
    wheel = own_wheel(folder / "wheels")
    (folder / "model").mkdir()
    signed = [SIGNED_NAME] if (bundle.folder / SIGNED_NAME).is_file() else []
    for name in (*bundle.manifest.files, MANIFEST_NAME, *signed):
        shutil.copyfile(bundle.folder / name, folder / "model" / name)
    texts = {
        "Dockerfile": dockerfile(image),
        ".dockerignore": IGNORE,
        "requirements.txt": _requirements(pins, digests, wheel),
        **{name: _yaml(image, told, make(image)) for name, (told, make) in MANIFESTS.items()},
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _requirements(pins: Sequence[Pin], digests: Mapping[Pin, tuple[str, ...]] | None, wheel: Path) -> str:
    own = f"./wheels/{wheel.name}"
    if digests is None:
        return "".join(f"{pin.name}=={pin.version}\n" for pin in pins) + own + "\n"
    lines = [_with_hashes(f"{pin.name}=={pin.version}", digests[pin]) for pin in pins]
    return "".join([*lines, _with_hashes(own, [hashlib.sha256(wheel.read_bytes()).hexdigest()])])


def _with_hashes(requirement: str, digests: Sequence[str]) -> str:
    return " \\\n    ".join([requirement, *(f"--hash=sha256:{digest}" for digest in digests)]) + "\n"


def _yaml(image: Image, told: str, documents: Sequence[dict[str, Any]]) -> str:
    head = f"# {told[0].upper()}{told[1:]}. Push the image where the cluster finds it: docker push {image.name}\n"
    return head + "---\n".join(msgspec.yaml.encode(document).decode() for document in documents)


def _digests(pins: Sequence[Pin], progress: Progress) -> dict[Pin, tuple[str, ...]] | None:
    with progress.phase("ask the index", total=len(ARCHITECTURES), unit="architectures"):
        digests = wheel_hashes(pins)
    if digests is None:
        progress.note("the index did not tell the digests of all wheels: the image pins versions alone")
    return digests


def _check_extras(extras: Sequence[str]) -> None:
    if faults := [
        Fault(what=f"no extra {extra!r}", where="--extra", expected=", ".join(EXTRAS), nearest=nearest(extra, EXTRAS))
        for extra in extras
        if extra not in EXTRAS
    ]:
        raise SpecError(*faults)


def _check_place(out: Path) -> None:
    """A folder that is there is replaced: it may be an earlier package, and nothing else."""
    recipe = out / "Dockerfile"
    is_ours = recipe.is_file() and recipe.read_text(encoding="utf-8", errors="replace").startswith(FIRST_LINE)
    if out.is_dir() and any(out.iterdir()) and not is_ours:
        raise StorageError(
            Fault(
                what=f"{out} is there already, and is no package of a model",
                where=f"-o {out}",
                next_step="choose another place with -o",
            )
        )


@contextmanager
def _aside(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its place at the end; what was there, or what was begun, is gone."""
    out = out.absolute()
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        aside.chmod(0o755)
        yield aside
        if out.exists() and not exchange(aside, out):
            shutil.rmtree(out)
        if aside.exists() and not out.exists():
            aside.rename(out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
