"""`import_model`: a model that was trained elsewhere, from its file to a registered bundle."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from hagane.bundle.bundle import Bundle
from hagane.bundle.write_bundle import write_bundle
from hagane.errors import DataError, Fault, SpecError, nearest
from hagane.evaluation.evaluate_without_label import evaluate_without_label
from hagane.progress import SILENT, Progress
from hagane.spec.spec import Model, Spec
from hagane.spec.write_yaml import write_yaml
from hagane.types import Column
from hagane.workflow.imports.check_import import check_import
from hagane.workflow.imports.import_onnx import import_onnx
from hagane.workflow.imports.import_xgboost import import_xgboost
from hagane.workflow.imports.imported_graph import ImportedGraph
from hagane.workspace.model_version import ModelVersion
from hagane.workspace.workspace import Workspace

ENDINGS = {
    ".onnx": "onnx",
    ".ubj": "xgboost",
    ".json": "xgboost",
    ".bst": "xgboost",
    ".model": "xgboost",
    ".tflite": "tensorflow_lite",
    ".pb": "tensorflow",
}
"""How a file ends → the `model_type` that it is of."""
KINDS = ("onnx", "xgboost", "tensorflow", "tensorflow_lite")
CONVERT = {
    "tensorflow": "python -m tf2onnx.convert --saved-model FOLDER --output model.onnx",
    "tensorflow_lite": "python -m tf2onnx.convert --tflite model.tflite --output model.onnx",
}
IMPORT_NAME = "import.json"


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """`import.json`: where an imported model came from."""

    model_type: str
    source: str
    """The file's path when it was imported."""
    sha256: str
    """Of its bytes."""
    created: str
    about: dict[str, str]


def import_model(
    path: str | Path,
    workspace: Workspace,
    *,
    name: str,
    model_type: str | None = None,
    inputs: Sequence[Column] = (),
    outputs: Sequence[Column] = (),
    progress: Progress = SILENT,
) -> ModelVersion:
    """Register the model in the file `path` as a new version of `name`.

    `model_type` is one of `KINDS`; None: by the file's ending. `inputs` and `outputs` are what INPUT(…) and OUTPUT(…)
    say: of an XGBoost model its columns in order and what it answers, of an ONNX model the columns that fill its one
    array. Raises SpecError for a type that cannot be imported, DataError with every fault of the file.
    """
    path = Path(path)
    kind = _kind(path, model_type)
    with progress.phase("import", total=3) as phase:
        content = _read(path)
        read: Callable[[], ImportedGraph] = (
            (lambda: import_onnx(path, name, inputs))
            if kind == "onnx"
            else (lambda: import_xgboost(path, content, name, inputs, outputs))
        )
        imported = read()
        phase.advance(1)
        check_import(imported, path)
        phase.advance(1)
        spec = Spec(data=str(path), name=name, model=Model(type=kind))
        origin = Origin(
            model_type=kind,
            source=str(path.absolute()),
            sha256=hashlib.sha256(content).hexdigest(),
            created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            about={key: value for key, value in imported.about.items() if value},
        )
        with workspace.new_version(name) as slot:
            documents = {
                "spec.yaml": write_yaml(spec).encode(),
                "evaluation.json": evaluate_without_label(None, task="inference", num_rows=0, part="train").to_json(),
                **imported.documents,
                IMPORT_NAME: msgspec.json.format(msgspec.json.encode(origin), indent=2),
            }
            signature = msgspec.structs.replace(imported.signature, model_name=slot.name)
            write_bundle(slot.path, model=imported.model, signature=signature, documents=documents)
            version = slot.publish(model_type=kind, task="inference", label=(), spec=spec)
        phase.advance(1)
    return version


def origin_of(bundle: Bundle) -> Origin | None:
    """Where an imported model came from; None of one that was trained here."""
    if IMPORT_NAME not in bundle.manifest.files:
        return None
    return msgspec.json.decode(bundle.document(IMPORT_NAME), type=Origin)


def _kind(path: Path, model_type: str | None) -> str:
    """Raises SpecError for what cannot be read here, with what to do instead."""
    found = model_type.lower() if model_type else ENDINGS.get(path.suffix.lower())
    if found is None:
        found = "tensorflow" if (path / "saved_model.pb").is_file() else None
    if found is None:
        expected = "a file that ends in " + ", ".join(sorted(ENDINGS))
        step = "say what it is: --type onnx"
        raise SpecError(Fault(what=f"'{path.name}' does not say what it is", expected=expected, next_step=step))
    if found not in KINDS:
        near = nearest(found, KINDS)
        raise SpecError(
            Fault(what=f"no models of type '{found}' are imported", expected=", ".join(KINDS), nearest=near)
        )
    if found in CONVERT:
        what = f"{found} models run in TensorFlow, which is no part of Hagane"
        step = f"convert it where TensorFlow is ({CONVERT[found]}), and import that"
        raise SpecError(Fault(what=what, where=str(path), expected="an ONNX model", next_step=step))
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        what = f"'{path}' cannot be read: {error.strerror}"
        raise DataError(Fault(what=what, expected="the file of a model")) from None
