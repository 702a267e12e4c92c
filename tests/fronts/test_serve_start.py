"""What `hagane serve` imports until it answers: counted, since a clock on a busy machine tells nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pyarrow as pa
import pytest

from hagane.spec.spec import Model, Spec
from hagane.workflow.packaging.pinned_requirements import SERVING, pinned_requirements
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace

MOST_MODULES = 850
"""Of all; 674 when this was written, two thirds of them Python's own and numpy's. A millisecond each, more or less."""
PROGRAM = """
import atexit, sys
from importlib.metadata import packages_distributions

def tell():
    tops = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
    known = packages_distributions()
    sys.stderr.write("\\n%d %s" % (len(sys.modules), " ".join(sorted({d for t in tops for d in known.get(t, ())}))))

atexit.register(tell)
from hagane.fronts.cli.__main__ import main
main()
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, set[str]]:
    """How many modules there are when a server has answered and ended, and of which packages."""
    folder = tmp_path_factory.mktemp("start")
    frame = pa.table({"x": [n / 7 for n in range(120)], "job": ["a", "b", "a", "c"] * 30, "y": [False, True] * 60})
    spec = Spec(data="f", label="y", model=Model(type="logistic_reg"))
    bundle = train(spec, workspace=Workspace(folder / "w"), frame=frame).bundle
    command = [sys.executable, "-c", PROGRAM, "serve", str(bundle), "--port", "0", "--workspace", str(folder / "w")]
    process = subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               cwd=folder)  # fmt: skip
    assert process.stdout is not None
    document = ""
    while not document.rstrip().endswith("\n}"):
        document += process.stdout.readline()
    url = json.loads(document)["url"]
    body = json.dumps({"instances": [{"x": 1.5, "job": "a"}]}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}/predict", body)) as response:
        assert response.status == 200
    with urllib.request.urlopen(f"{url}/readyz") as response:
        assert response.status == 200
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    count, *packages = errors.rsplit("\n", 1)[1].split()
    return int(count), {name.lower().replace("_", "-") for name in packages}


def test_nothing_is_imported_that_the_image_does_not_hold(told: tuple[int, set[str]]) -> None:
    setuptools = {"setuptools", "hagane"}  # of an editable installation
    assert told[1] - setuptools <= {pin.name for pin in pinned_requirements()}
    assert "onnxruntime" in told[1]


def test_few_modules_are_imported(told: tuple[int, set[str]]) -> None:
    assert told[0] < MOST_MODULES


def test_the_extra_names_what_the_image_holds() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    named = [text.partition(">")[0].partition("[")[0] for text in (*project["dependencies"], *extras["serve"])]
    assert {name.lower() for name in named} == {name.lower() for name in SERVING} - {"pyyaml"}
    assert "msgspec[yaml]>=0.20" in project["dependencies"]
