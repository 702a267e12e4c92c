"""`ModelVersion`: one trained model as the registry knows it, and how one is named."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import msgspec

from hagane.errors import Fault, NotFoundError
from hagane.spec.check import MODEL_NAME
from hagane.spec.spec import Spec
from hagane.spec.write_yaml import write_yaml
from hagane.workspace.described import Described


class ModelVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a named model.

    >>> ModelVersion(name="late", version=3, path=Path("/models/late/3"), created="2026-08-22T10:00:00Z",
    ...              model_type="dnn_classifier", task="classification", label="late").reference
    'late@3'
    """

    name: str
    version: int
    path: Path
    """The bundle's folder, absolute."""
    created: str
    """When it was registered: ISO 8601, UTC."""
    model_type: str
    task: str
    label: str | tuple[str, ...]
    """As the spec has it: one column, or several."""
    metric: str = ""
    """The headline metric's name (`roc_auc`); empty where nothing was evaluated."""
    metric_value: float | None = None
    num_rows: int = 0
    """Rows it was trained on."""
    spec_digest: str = ""
    """SHA-256 of the resolved spec's YAML: equal digests asked for the same training."""
    about: Described = Described()
    """What people say of the model; the same for all of its versions."""

    def as_json(self) -> dict[str, Any]:
        """The fields as plain values, the path as text."""
        found: dict[str, Any] = msgspec.to_builtins(self, enc_hook=str)
        return found

    @property
    def labels(self) -> tuple[str, ...]:
        """The label's columns."""
        return (self.label,) if isinstance(self.label, str) else self.label

    @property
    def reference(self) -> str:
        """`name@version`, as every command takes it."""
        return f"{self.name}@{self.version}"


def spec_digest(spec: Spec) -> str:
    """SHA-256 of the spec's YAML, in hexadecimal.

    >>> spec_digest(Spec(data="f.csv", label="y"))[:8] == spec_digest(Spec(data="f.csv", label="z"))[:8]
    False
    """
    return hashlib.sha256(write_yaml(spec).encode()).hexdigest()


def parse_reference(text: str) -> tuple[str, int | None]:
    """The name and version (None: the newest) that `late` or `late@3` names. Raises NotFoundError for anything else.

    >>> parse_reference("late@3"), parse_reference("late")
    (('late', 3), ('late', None))
    """
    name, at, version = text.partition("@")
    if MODEL_NAME.fullmatch(name) and (not at or re.fullmatch(r"[1-9][0-9]{0,17}", version)):
        return name, int(version) if at else None
    expected = "a name (late), a name and version (late@3), or the path of a bundle"
    raise NotFoundError(Fault(what=f"'{text}' names no model", expected=expected, next_step="hagane models list"))


def spec_name(spec: Spec) -> str:
    """What a model is called whose spec gives it no name: as its label is, without a label as its family.

    >>> from hagane.spec.spec import Model
    >>> spec_name(Spec(data="f.csv", label=("fog", "rain"))), spec_name(Spec(data="f.csv", model=Model(type="kmeans")))
    ('fog_rain', 'kmeans')
    """
    return spec.name or model_name("_".join(spec.labels) or spec.model.type)


def model_name(text: str) -> str:
    """A valid model name made from any text, such as a label's: what a name may not hold becomes '_'.

    >>> model_name("Survived?"), model_name("late"), model_name("...")
    ('Survived_', 'late', '_..')
    """
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", text)[:128] or "model"
    return "_" + name[1:] if name[0] in ".-" else name
