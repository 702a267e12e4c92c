"""`wheel_hashes`: the digests of the wheels that the image will install, as the package index tells them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

from hagane.workflow.packaging.pinned_requirements import Pin

ARCHITECTURES = ("x86_64", "aarch64")
"""Of Linux, which an image may be built for."""
_GLIBC = ("manylinux_2_34", "manylinux_2_31", "manylinux_2_28", "manylinux_2_27", "manylinux_2_26", "manylinux2014",
          "manylinux2010", "manylinux_2_5", "linux")  # fmt: skip
"""What the Debian of the image's base can run, newest first."""
SECONDS = 120


def wheel_hashes(pins: Sequence[Pin]) -> dict[Pin, tuple[str, ...]] | None:
    """Pin → SHA-256 of its wheel for each architecture; None where pip, or the index, cannot tell them now.

    Nothing is installed: pip resolves, and reports.
    """
    hashes: dict[Pin, set[str]] = {pin: set() for pin in pins}
    for architecture in ARCHITECTURES:
        report = _report(pins, architecture)
        if report is None:
            return None
        for pin, digest in _digests(report).items():
            hashes.setdefault(pin, set()).add(digest)
    whole = all(hashes[pin] for pin in pins)
    return {pin: tuple(sorted(hashes[pin])) for pin in pins} if whole else None


def _report(pins: Sequence[Pin], architecture: str) -> Any:
    """What pip would install; None where it cannot be told."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    platforms = [option for glibc in _GLIBC for option in ("--platform", f"{glibc}_{architecture}")]
    with tempfile.TemporaryDirectory() as target:
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--ignore-installed", "--no-deps",
                   "--only-binary=:all:", *platforms, "--python-version", version, "--implementation", "cp",
                   "--target", target, "--report", "-", *(f"{pin.name}=={pin.version}" for pin in pins)]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS)
            return json.loads(done.stdout)
        except (subprocess.SubprocessError, OSError, ValueError):
            return None


def _digests(report: Any) -> dict[Pin, str]:
    from packaging.utils import canonicalize_name

    found = {}
    for item in report.get("install", ()):
        digest = item["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256")
        if digest:
            found[Pin(canonicalize_name(item["metadata"]["name"]), item["metadata"]["version"])] = digest
    return found
