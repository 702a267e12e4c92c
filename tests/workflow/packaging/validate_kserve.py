"""`python validate_kserve.py FILE`: an InferenceService against the classes that KServe generates from its OpenAPI.

Every key must be one that its class has, every value of the type that the class says. Kubernetes' own types are those
of its Python client. Prints each fault, and exits with 1 where there is one.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import re
import sys
import types
from collections.abc import Iterator
from typing import Any

PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float), "object": object, "datetime": str}


def faults(value: Any, kind: str, where: str) -> Iterator[str]:
    if inner := re.fullmatch(r"[lL]ist\[(.+)\]", kind):
        if not isinstance(value, list):
            yield f"{where} is no list"
            return
        for number, item in enumerate(value):
            yield from faults(item, inner[1], f"{where}[{number}]")
    elif inner := re.fullmatch(r"dict\(str, (.+)\)|[dD]ict\[str, (.+)\]", kind):
        for key, item in value.items():
            yield from faults(item, inner[1] or inner[2], f"{where}.{key}")
    elif kind in PLAIN:
        if not isinstance(value, PLAIN[kind]):
            yield f"{where} is no {kind}: {value!r}"
    else:
        yield from of_class(value, kind, where)


def of_class(value: Any, kind: str, where: str) -> Iterator[str]:
    found = class_of(kind)
    if found is None:
        yield f"{where}: no class {kind}"
        return
    kinds = {found.attribute_map[name]: kind for name, kind in found.openapi_types.items()}
    if not isinstance(value, dict):
        yield f"{where} is no {kind}"
        return
    for key, item in value.items():
        if key not in kinds:
            yield f"{where}.{key}: {kind} has none such"
        else:
            yield from faults(item, kinds[key], f"{where}.{key}")


def class_of(kind: str) -> Any:
    return next((getattr(module, kind) for module in generated() if hasattr(module, kind)), None)


@functools.cache
def generated() -> list[types.ModuleType]:
    """KServe's classes and Kubernetes'; KServe's package is not begun, which would import its whole server."""
    (place,) = importlib.util.find_spec("kserve").submodule_search_locations  # type: ignore[union-attr, misc]
    package = types.ModuleType("kserve")
    package.__path__ = [place]
    sys.modules["kserve"] = package
    return [importlib.import_module(name) for name in ("kserve.models", "kubernetes.client")]


def main(path: str) -> int:
    import yaml

    with open(path, encoding="utf-8") as file:
        documents = list(yaml.safe_load_all(file))
    found = [fault for each in documents for fault in faults(each, "V1beta1InferenceService", each["kind"])]
    sys.stdout.write("".join(f"{fault}\n" for fault in found))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
