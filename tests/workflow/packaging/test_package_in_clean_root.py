"""The recipe of `hagane package`, followed in a clean Debian: what it installs, that it serves, and what is not there.

`make test-package` makes the root (as root, by debootstrap) and names it in HAGANE_CLEAN_ROOT.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from clean_root import Stage, build, end, size_of

from hagane.bundle.bundle import Bundle
from hagane.spec.spec import Model, Spec
from hagane.workflow.package import package_model
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

CLEAN = os.environ.get("HAGANE_CLEAN_ROOT", "")
pytestmark = [
    pytest.mark.skipif(not CLEAN, reason="run by `make test-package`, which makes a clean root"),
    pytest.mark.timeout(1_200),
]
ABSENT = ("torch", "duckdb", "lightgbm", "sklearn", "scipy", "onnx", "pyarrow", "pandas", "matplotlib")
PORT = 18_713


@pytest.fixture(scope="module")
def packaged(mixed: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Bundle]:
    folder = tmp_path_factory.mktemp("package")
    workspace = Workspace(folder / "workspace")
    spec = Spec(data="f", label="good", model=Model(type="boosted_tree_classifier", options={"max_iterations": 5}))
    bundle = train(spec, workspace=workspace, frame=mixed.select(["x", "k", "job", "good"])).bundle
    made = package_model(bundle, folder / "image", workspace=workspace)
    assert made.has_hashes
    return made.path, Bundle.load(bundle)


@pytest.fixture(scope="module")
def image(packaged: tuple[Path, Bundle], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stages")
    stage = build(packaged[0], Path(CLEAN), folder)
    yield stage
    subprocess.run(["rm", "-rf", str(folder)], check=True)


@pytest.fixture
def server(image: Stage, packaged: tuple[Path, Bundle]) -> Iterator[subprocess.Popen[str]]:
    pod = msgspec.yaml.decode((packaged[0] / "kubernetes.yaml").read_text().split("\n---\n")[0])["spec"]["template"][
        "spec"
    ]
    process = image.start([*image.entry, *pod["containers"][0]["args"]], AIP_HTTP_PORT=str(PORT))
    wait_until_ready(process)
    yield process
    if process.poll() is None:
        end(process, signal.SIGKILL)


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    for _ in range(6_000):
        assert process.poll() is None, process.communicate()[0]
        try:
            if get("/readyz")[0] == 200:
                return
        except OSError:
            time.sleep(0.01)
    raise AssertionError("the server did not become ready")


def get(path: str, document: Any = None) -> tuple[int, bytes]:
    data = None if document is None else json.dumps(document).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", data, headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.status, response.read()


def test_it_predicts_what_the_bundle_predicts(
    server: subprocess.Popen[str], image: Stage, packaged: tuple[Path, Bundle]
) -> None:
    bundle = packaged[1]
    rows = [{"x": 0.5, "k": 3, "job": "pilot"}, {"x": None, "k": -2, "job": "日本"}]
    _, answered = get("/predict", {"instances": rows})
    assert json.loads(answered)["predictions"] == bundle.predict(rows).rows()
    image.run(image.health, AIP_HTTP_PORT=str(PORT))
    owner = Path(f"/proc/{server.pid}/status").read_text()
    assert re.search(r"^Uid:\s+65532\s+65532", owner, re.MULTILINE)
    resident = re.search(r"^VmRSS:\s+(\d+) kB", owner, re.MULTILINE)
    sys.stdout.write(f"\nthe server holds {int(resident[1] if resident else 0) / 1e3:.0f} MB\n")
    server.send_signal(getattr(signal, image.stop_signal))
    assert until_not_ready() == 503
    assert json.loads(get("/predict", {"instances": rows})[1]) == json.loads(answered)
    assert server.wait(timeout=60) == 0


def until_not_ready() -> int:
    """What balancers hear soon after a pod is told to go."""
    for _ in range(400):
        try:
            get("/readyz")
        except urllib.error.HTTPError as error:
            return error.code
        time.sleep(0.01)
    return 200


def test_nothing_that_trains_is_there(image: Stage) -> None:
    asked = f"import importlib.util as u; print([n for n in {ABSENT} if u.find_spec(n)])"
    assert image.run(["python", "-c", asked]).strip() == "[]"
    with pytest.raises(AssertionError, match=r"hagane\[train\]"):
        image.run(["hagane", "describe", "/model/statistics.json"])


def test_the_server_can_change_neither_its_code_nor_its_model(image: Stage) -> None:
    writable = image.run(["find", "/model", "/opt/hagane", "-writable", "-not", "-type", "l"])
    assert writable.strip() == ""


def test_the_image_is_small(image: Stage) -> None:
    """Of what it adds to its base; printed for the page that tells it."""
    added = size_of(image.root / "opt") + size_of(image.root / "model")
    sys.stdout.write(f"\nthe image adds {added / 1e6:.0f} MB to its base of {size_of(Path(CLEAN)) / 1e6:.0f} MB\n")
    assert added < 250e6


def test_a_changed_wheel_is_refused(packaged: tuple[Path, Bundle], tmp_path: Path) -> None:
    context = tmp_path / "context"
    subprocess.run(["cp", "-a", str(packaged[0]), str(context)], check=True)
    stages = tmp_path / "stages"
    stages.mkdir()
    requirements = context / "requirements.txt"
    requirements.write_text(
        re.sub(r"(rich==\S+ \\\n\s+--hash=sha256:)\w{8}", r"\g<1>00000000", requirements.read_text())
    )
    with pytest.raises(AssertionError, match="DO NOT MATCH THE HASHES"):
        build(context, Path(CLEAN), stages)
    subprocess.run(["rm", "-rf", str(stages)], check=True)
