"""`missing_extra`: a command that trains, where only what serves is installed."""

from __future__ import annotations

from hagane.errors import Fault, MissingExtraError

TRAINING = frozenset(
    {
        "datasketches",
        "duckdb",
        "fsspec",
        "lightgbm",
        "matplotlib",
        "onnx",
        "onnxscript",
        "packaging",
        "pyarrow",
        "safetensors",
        "scipy",
        "sklearn",
        "sqlglot",
        "torch",
    }
)
"""What `pip install 'hagane[train]'` brings, as it is imported."""
SERVING = frozenset(("httptools", "uvloop"))


def missing_extra(error: ModuleNotFoundError) -> MissingExtraError | None:
    """The fault that names the extra; None for a module of no extra.

    >>> print(missing_extra(ModuleNotFoundError("No module named 'duckdb'", name="duckdb")))
    duckdb is not installed
      expected: what trains; here is only what runs a model
      next: pip install 'hagane[train]'
    """
    module = (error.name or "").partition(".")[0]
    if module not in TRAINING | SERVING:
        return None
    extra, does = ("train", "trains") if module in TRAINING else ("serve", "serves")
    return MissingExtraError(
        Fault(
            what=f"{module} is not installed",
            expected=f"what {does}; here is only what runs a model",
            next_step=f"pip install 'hagane[{extra}]'",
        )
    )
