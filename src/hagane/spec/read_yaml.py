"""`read_yaml`: YAML text → `Spec`, every fault at once, each with its line."""

from __future__ import annotations

import re
from pathlib import Path

from hagane.errors import DataError, Fault, HaganeError, NotFoundError, SpecError
from hagane.spec.check import located, spec_faults
from hagane.spec.decode import FAILED, Decoder, type_of
from hagane.spec.spec import Spec
from hagane.spec.yaml_node import parse_yaml

WRITTEN_BY = "hagane init DATA --label COLUMN"


def read_yaml(text: str, *, path: str = "spec.yaml") -> Spec:
    """The spec that `text` declares; `path` is what faults call the file.

    Raises SpecError with all faults: unknown keys, wrong types, values that contradict each other.

    >>> read_yaml("data: flights.parquet\\nlabel: no").label
    'no'
    >>> read_yaml("data: flights.parquet\\nlable: late")
    Traceback (most recent call last):
    hagane.errors.SpecError: 2 faults
    1. the spec names no label
      where: label
      expected: the column to predict
      next: add 'label', or name a model.type that needs none
    2. a spec has no key 'lable'
      where: spec.yaml:2
      did you mean: label
    """
    spec, faults, _ = _read(text, path)
    if faults or spec is None:
        raise SpecError(*faults)
    return spec


def read_spec(path: Path | str) -> Spec:
    """The spec in the file at `path`. Raises NotFoundError, DataError (not UTF-8) or SpecError."""
    return read_yaml(read_text(Path(path), written_by=WRITTEN_BY), path=str(path))


def locate_faults(error: HaganeError, path: Path | str) -> HaganeError:
    """The error with the file's line before each spec path that its faults name.

    For faults found later, with the data at hand (an unknown column in `transform.x`): same class, same order.
    """
    try:
        _, _, lines = _read(read_text(Path(path), written_by=WRITTEN_BY), str(path))
    except HaganeError:
        return error
    return type(error)(*(located(fault, lines, str(path)) for fault in error.faults))


def _read(text: str, path: str) -> tuple[Spec | None, list[Fault], dict[str, int]]:
    faults: list[Fault] = []
    node = parse_yaml(text, path=path, faults=faults)
    decoder = Decoder(path, faults, takes_hparams=True)
    spec = decoder.decode(node, type_of(Spec), "")
    if spec is FAILED:
        return None, in_order(faults, path), decoder.lines
    faults += spec_faults(spec, lines=decoder.lines, path=path)
    return spec, in_order(faults, path), decoder.lines


def in_order(faults: list[Fault], path: str) -> list[Fault]:
    """By line, as the eye goes through the file."""

    def line(fault: Fault) -> int:
        found = re.match(r":(\d+)", fault.where.removeprefix(path))
        return int(found[1]) if found else 0

    return sorted(faults, key=line)


def read_text(path: Path, *, written_by: str, thing: str = "spec") -> str:
    """The text of the file at `path`, a `thing` that `written_by` writes. Raises NotFoundError or DataError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        step = f"write one with: {written_by} -o {path}"
        raise NotFoundError(Fault(what=f"no {thing} at {path}", next_step=step)) from None
    except UnicodeDecodeError as error:
        fault = Fault(what=f"{path} is not UTF-8 text", where=f"byte {error.start}", next_step="save the file as UTF-8")
        raise DataError(fault) from None
    except OSError as error:
        raise DataError(Fault(what=f"{path} cannot be read: {error.strerror}")) from None
