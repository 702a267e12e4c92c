"""`pinned_requirements`: what serving needs, at the versions that are installed here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from typing import NamedTuple

from hagane.errors import Fault, MissingExtraError

SERVING = ("numpy", "msgspec", "PyYAML", "onnxruntime", "typer", "rich", "uvloop", "httptools")
"""What `hagane serve` imports: the dependencies of `pip install 'hagane[serve]'`."""
EXTRAS = {
    "grpc": ("grpcio", "protobuf"),
    "log": ("pyarrow",),
    "sign": ("cryptography",),
    "otel": ("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"),
}
"""What options of the server need besides."""


class Pin(NamedTuple):
    """One package at one version."""

    name: str
    version: str


def pinned_requirements(extras: Sequence[str] = ()) -> tuple[Pin, ...]:
    """The packages that serving imports, with all that they need on Linux, by name.

    Raises MissingExtraError for those that are not installed here, whose versions nobody has tried.

    >>> [pin.name for pin in pinned_requirements() if pin.name in ("numpy", "onnxruntime", "torch")]
    ['numpy', 'onnxruntime']
    """
    from packaging.markers import default_environment
    from packaging.requirements import Requirement

    there = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "extra": ""}
    linux = {name: str(value) for name, value in default_environment().items()} | there
    wanted = [Requirement(name) for name in (*SERVING, *(name for extra in extras for name in EXTRAS[extra]))]
    found: dict[str, Pin] = {}
    missing: list[str] = []
    while wanted:
        requirement = wanted.pop()
        key = _canonical(requirement.name)
        if key in found:
            continue
        try:
            installed = distribution(requirement.name)
        except PackageNotFoundError:
            missing.append(requirement.name)
            continue
        found[key] = Pin(key, installed.version)
        needed = (Requirement(text) for text in installed.requires or ())
        wanted += [each for each in needed if each.marker is None or each.marker.evaluate({**linux})]
    if missing:
        raise MissingExtraError(*map(_missing, sorted(set(missing))))
    return tuple(found[key] for key in sorted(found))


def _canonical(name: str) -> str:
    """As PEP 503 has it.

    >>> _canonical("Typing_Extensions")
    'typing-extensions'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def _missing(name: str) -> Fault:
    return Fault(
        what=f"{name} is not installed here, so that its version is not known",
        expected="what the image is to hold, as it is tried here",
        next_step=f"pip install {name}",
    )
