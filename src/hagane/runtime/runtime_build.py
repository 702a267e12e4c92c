"""`runtime_build`: what computes here: answers are bit-equal on the same build, and within some ulps on another."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
from pathlib import Path

_CPU = Path("/proc/cpuinfo")
_KERNELS = ("sse4_1", "avx", "fma", "avx2", "avx512f", "avx512bw", "avx512_vnni", "amx_tile", "asimd", "sve")
"""What ONNX Runtime chooses its kernels by."""


@functools.cache
def runtime_build() -> str:
    """ONNX Runtime's version, the architecture, and the vector instructions: `onnxruntime 1.31.0 x86_64 avx fma avx2`.

    >>> runtime_build().startswith("onnxruntime ")
    True
    """
    try:
        version = importlib.metadata.version("onnxruntime")
    except importlib.metadata.PackageNotFoundError:
        version = "unknown"
    return " ".join(("onnxruntime", version, platform.machine(), *_vector_instructions()))


def _vector_instructions() -> tuple[str, ...]:
    """Empty where the system does not say."""
    try:
        lines = _CPU.read_text().splitlines()
    except OSError:
        return ()
    found = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    flags = set(found.partition(":")[2].split())
    return tuple(name for name in _KERNELS if name in flags)
