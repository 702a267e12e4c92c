"""What `hagane package` writes, without following it."""

from __future__ import annotations

import hashlib
import re
import zipfile
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from hagane.bundle.bundle import Bundle
from hagane.bundle.manifest import SIGNED_NAME, verify_manifest
from hagane.errors import NotFoundError, SpecError, StorageError
from hagane.spec.spec import Model, Spec
from hagane.workflow import package as package_module
from hagane.workflow.package import package_model
from hagane.workflow.packaging.own_wheel import own_wheel
from hagane.workflow.packaging.pinned_requirements import Pin, pinned_requirements
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

HEAVY = {"torch", "duckdb", "lightgbm", "scikit-learn", "scipy", "onnx", "pyarrow", "pandas", "matplotlib"}


@pytest.fixture(scope="module")
def workspace(mixed: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("workspace"))
    spec = Spec(data="f", label="good", name="Late_Flights", model=Model(type="logistic_reg"))
    train(spec, workspace=workspace, frame=mixed.select(["x", "k", "job", "good"]))
    return workspace


def digests(pins: tuple[Pin, ...]) -> dict[Pin, tuple[str, ...]]:
    return {pin: (hashlib.sha256(pin.name.encode()).hexdigest(),) for pin in pins}


def test_the_context_holds_all_that_the_recipe_copies(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_module, "wheel_hashes", digests)
    made = package_model("late_flights", tmp_path / "image", workspace=workspace)
    recipe = (made.path / "Dockerfile").read_text()
    for name in re.findall(r"^COPY (?!--from)(\S+) ", recipe, re.MULTILINE):
        assert (made.path / name).exists()
        assert f"!{name}" in (made.path / ".dockerignore").read_text().split()
    assert Bundle.load(made.path / "model").bundle_id == Bundle.load(workspace.bundle_path("late_flights")).bundle_id
    assert verify_manifest(made.path / "model")
    assert "--require-hashes" in recipe
    requirements = (made.path / "requirements.txt").read_text()
    (wheel,) = (made.path / "wheels").iterdir()
    assert (
        f"./wheels/{wheel.name} \\\n    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}" in requirements
    )
    assert requirements.count("--hash=sha256:") == len(made.requirements) + 1
    assert not HEAVY & {requirement.partition("==")[0] for requirement in made.requirements}
    assert made.image == "late-flights:1"


def test_a_signature_travels_with_the_bundle(workspace: Workspace, tmp_path: Path) -> None:
    signature = workspace.bundle_path("late_flights") / SIGNED_NAME
    signature.write_bytes(b"{}")
    try:
        made = package_model("late_flights", tmp_path / "image", workspace=workspace, hashes=False)
    finally:
        signature.unlink()
    assert (made.path / "model" / SIGNED_NAME).read_bytes() == b"{}"


def test_without_the_index_versions_alone_are_pinned(workspace: Workspace, tmp_path: Path) -> None:
    made = package_model("late_flights", tmp_path / "image", workspace=workspace, hashes=False, image="r.example/l:7")
    recipe = (made.path / "Dockerfile").read_text()
    assert "--require-hashes" not in recipe
    assert "docker build -t r.example/l:7" in recipe
    assert "hash" not in (made.path / "requirements.txt").read_text()


def test_manifests_name_the_image_and_its_time_to_end(workspace: Workspace, tmp_path: Path) -> None:
    made = package_model("late_flights", tmp_path / "image", workspace=workspace, hashes=False)
    deployment = msgspec.yaml.decode((made.path / "kubernetes.yaml").read_text().split("\n---\n")[0])
    pod = deployment["spec"]["template"]["spec"]
    drain = int(pod["containers"][0]["args"][1])
    assert drain > 0
    assert pod["terminationGracePeriodSeconds"] > drain + 30
    assert pod["containers"][0]["image"] == "late-flights:1"
    knative = msgspec.yaml.decode((made.path / "knative.yaml").read_bytes())
    assert knative["spec"]["template"]["metadata"]["annotations"]["autoscaling.knative.dev/min-scale"] == "0"
    kserve = msgspec.yaml.decode((made.path / "kserve.yaml").read_bytes())
    assert kserve["spec"]["predictor"]["containers"][0]["name"] == "kserve-container"


def test_a_package_replaces_a_package_and_nothing_else(workspace: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "image"
    package_model("late_flights", out, workspace=workspace, hashes=False)
    (out / "Dockerfile").write_text((out / "Dockerfile").read_text() + "# mine\n")
    package_model("late_flights", out, workspace=workspace, hashes=False)
    assert "# mine" not in (out / "Dockerfile").read_text()
    (out / "Dockerfile").write_text("FROM scratch\n")
    with pytest.raises(StorageError, match="is no package of a model"):
        package_model("late_flights", out, workspace=workspace, hashes=False)
    assert [path.name for path in tmp_path.iterdir()] == ["image"]


def test_mistakes(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="did you mean: Late_Flights"):
        package_model("late_flight", tmp_path / "image", workspace=workspace)
    with pytest.raises(SpecError, match="no extra 'gprc'"):
        package_model("late_flights", tmp_path / "image", workspace=workspace, extras=["gprc"])
    assert list(tmp_path.iterdir()) == []


def test_extras_are_installed_and_used(workspace: Workspace, tmp_path: Path) -> None:
    made = package_model("late_flights", tmp_path / "image", workspace=workspace, hashes=False, extras=["grpc"])
    assert {"grpcio", "protobuf"} <= {requirement.partition("==")[0] for requirement in made.requirements}
    assert '"--grpc-port", "9000"' in (made.path / "Dockerfile").read_text()


def test_the_wheel_is_the_code_that_runs_and_always_the_same_bytes(tmp_path: Path) -> None:
    wheels = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        wheels.append(own_wheel(tmp_path / name))
    assert wheels[0].read_bytes() == wheels[1].read_bytes()
    with zipfile.ZipFile(wheels[0]) as wheel:
        assert wheel.testzip() is None
        assert wheel.read("hagane/workflow/package.py") == Path(package_module.__file__).read_bytes()
        record = [name for name in wheel.namelist() if name.endswith("RECORD")]
        assert len(wheel.read(record[0]).splitlines()) == len(wheel.namelist())
    assert not any("__pycache__" in name for name in wheel.namelist())


def test_requirements_are_closed() -> None:
    from importlib.metadata import requires

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    pins = {pin.name for pin in pinned_requirements(("grpc", "log"))}
    assert "pyarrow" in pins
    for name in pins:
        needed = [Requirement(text) for text in requires(name) or ()]
        assert {canonicalize_name(each.name) for each in needed if each.marker is None} <= pins
