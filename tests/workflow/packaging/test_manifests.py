"""The manifests against schemas that their projects publish.

`make test-package` brings the validators: `kubernetes-validate` with Kubernetes' own schemas (strict: no property that
there is not), KServe's generated classes, and the schema of Knative's CRD as npm's `@kubernetes-models/knative` has it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hagane.workflow.packaging.image import Image
from hagane.workflow.packaging.knative_manifest import knative_manifest
from hagane.workflow.packaging.kserve_manifest import kserve_manifest
from hagane.workflow.packaging.kubernetes_manifest import kubernetes_manifest

TOOLS = Path(os.environ.get("HAGANE_MANIFEST_TOOLS", ""))
HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(Path() == TOOLS, reason="run by `make test-package`, which brings the validators")
IMAGE = Image(
    name="registry.example.com/late:3", model="late", bundle_id="512e58278ddfe052", model_bytes=5_000_000,
    python="3.11", hagane="0.1.0", has_hashes=True, has_grpc=True, shutdown_seconds=30,
)  # fmt: skip


def kubernetes(document: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "document.yaml"
    path.write_bytes(msgspec.yaml.encode(document))
    return run(str(TOOLS / "bin" / "kubernetes-validate"), "--strict", str(path))


def kserve(document: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "document.yaml"
    path.write_bytes(msgspec.yaml.encode(document))
    return run(str(TOOLS / "bin" / "python"), str(HERE / "validate_kserve.py"), str(path))


def knative(document: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "document.json"
    path.write_bytes(msgspec.json.encode(document))
    return run(shutil.which("node") or "node", str(HERE / "validate_knative.mjs"), str(TOOLS / "node"), str(path))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


CASES: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    **{each["kind"]: (kubernetes, each) for each in kubernetes_manifest(IMAGE)},
    "InferenceService": (kserve, kserve_manifest(IMAGE)[0]),
    "Knative Service": (knative, knative_manifest(IMAGE)[0]),
}


@pytest.mark.parametrize("kind", CASES)
def test_it_fits_the_published_schema(kind: str, tmp_path: Path) -> None:
    validate, document = CASES[kind]
    done = validate(document, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", CASES)
def test_the_validator_finds_a_fault(kind: str, tmp_path: Path) -> None:
    validate, document = CASES[kind]
    broken = json.loads(json.dumps(document))
    broken["spec"] = {"template": {"spec": {"containers": "none"}}, "predictor": {"maxReplicas": "ten"}, "ports": 3,
                      "scaleTargetRef": 1, "minAvailable": []}  # fmt: skip
    assert validate(broken, tmp_path).returncode != 0
