"""`run_releases`: what the state of a run depends on besides what is trained: whose bits it is to go on with."""

from __future__ import annotations

from importlib.metadata import version

PACKAGES = ("hagane", "torch")


def run_releases() -> str:
    """The packages here with their versions: only the very same go on with a run.

    >>> run_releases().partition(" ")[0]
    'hagane'
    """
    return ", ".join(f"{name} {version(name)}" for name in PACKAGES)
