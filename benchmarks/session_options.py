"""Which of ONNX Runtime's options make a prediction, or the loading of a model, cheaper?

    python benchmarks/session_options.py BUNDLE [BUNDLE ...]

For each bundle and each option: the time to make a session, and to run 1, 16 and 64 rows of its example, in
microseconds of this process's own time; the shortest of many, interleaved. The answers of all options are compared
bit by bit with the first one's.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from hagane.bundle import Bundle
from hagane.bundle.manifest import MODEL_NAME
from hagane.runtime.session import WRONG_OPTIMIZERS, session_options
from hagane.serving.example import example_instance

Feed = dict[str, Any]
ROWS = (4, 16, 64)


def usual() -> ort.SessionOptions:
    return session_options(1)


def with_option(name: str, value: object) -> Callable[[], ort.SessionOptions]:
    def options() -> ort.SessionOptions:
        made = session_options(1)
        if hasattr(made, name):
            setattr(made, name, value)
        else:
            made.add_session_config_entry(name, str(value))
        return made

    return options


OPTIONS: dict[str, Callable[[], ort.SessionOptions]] = {
    "as it is": usual,
    "no arena": with_option("enable_cpu_mem_arena", False),
    "memory patterns": with_option("enable_mem_pattern", True),
    "no reuse of memory": with_option("enable_mem_reuse", False),
    "basic optimisation": with_option("graph_optimization_level", ort.GraphOptimizationLevel.ORT_ENABLE_BASIC),
    "no optimisation": with_option("graph_optimization_level", ort.GraphOptimizationLevel.ORT_DISABLE_ALL),
    "no prepacking": with_option("session.disable_prepacking", "1"),
    "subnormals are zero": with_option("session.set_denormal_as_zero", "1"),
}


def make(model: bytes, options: ort.SessionOptions) -> ort.InferenceSession:
    return ort.InferenceSession(
        model, options, providers=["CPUExecutionProvider"], disabled_optimizers=WRONG_OPTIMIZERS
    )


def optimised(model: bytes) -> bytes:
    """The graph as ONNX Runtime has rewritten it, as a file of ONNX."""
    with tempfile.TemporaryDirectory() as folder:
        options = session_options(1)
        options.optimized_model_filepath = str(Path(folder) / "model.onnx")
        make(model, options)
        return (Path(folder) / "model.onnx").read_bytes()


def feeds_of(bundle: Bundle) -> dict[int, Feed]:
    example = example_instance(bundle.signature)
    return {rows: bundle.signature.layout.feed(bundle.decoder().decode([example] * rows)) for rows in ROWS}


def shortest(call: Callable[[], object], times: int) -> float:
    seconds = []
    for _ in range(times):
        begin = time.process_time_ns()
        call()
        seconds.append(time.process_time_ns() - begin)
    return min(seconds) / 1000


def bound(session: ort.InferenceSession, feed: Feed, outputs: list[str]) -> Callable[[], object] | None:
    """A run with its inputs and outputs bound beforehand; texts cannot be bound."""
    if any(array.dtype == object for array in feed.values()):
        return None
    binding = session.io_binding()
    for name, array in feed.items():
        binding.bind_cpu_input(name, array)
    for name in outputs:
        binding.bind_output(name)

    def run() -> object:
        session.run_with_iobinding(binding)
        return binding.copy_outputs_to_cpu()

    return run


def same(one: list[Any], other: list[Any]) -> bool:
    return all(
        a.tolist() == b.tolist() if a.dtype == object else a.tobytes() == b.tobytes()
        for a, b in zip(one, other, strict=True)
    )


def report(path: str) -> None:
    bundle = Bundle.load(path)
    model, feeds, outputs = bundle.document(MODEL_NAME), feeds_of(bundle), list(bundle.signature.outputs)
    sessions = {name: make(model, options()) for name, options in OPTIONS.items()}
    after = optimised(model)
    sessions["optimised before"] = make(after, OPTIONS["no optimisation"]())
    loads = {name: (model, options) for name, options in OPTIONS.items()}
    loads["optimised before"] = (after, OPTIONS["no optimisation"])
    best: dict[str, np.ndarray] = {name: np.full(1 + len(ROWS), np.inf) for name in sessions}
    for _ in range(5):
        for name, session in sessions.items():
            source, options = loads[name]
            times = [shortest(lambda s=source, o=options: make(s, o()), 3)]  # type: ignore[misc]
            times += [shortest(lambda s=session, f=feed: s.run(outputs, f), 100) for feed in feeds.values()]  # type: ignore[misc]
            best[name] = np.minimum(best[name], times)
    first = sessions["as it is"].run(outputs, feeds[64])
    print(f"\n{path}: {len(model):,} bytes, {len(after):,} optimised")
    print(f"{'':22}{'load':>10}" + "".join(f"{rows:>9} rows" for rows in ROWS))
    for name, times in best.items():
        equal = same(first, sessions[name].run(outputs, feeds[64]))
        print(
            f"{name:22}{times[0]:10,.0f}"
            + "".join(f"{each:14.1f}" for each in times[1:])
            + "  other bits" * (not equal)
        )
    direct = [bound(sessions["as it is"], feed, outputs) for feed in feeds.values()]
    told = [f"{shortest(run, 500):14.1f}" if run is not None else f"{'–':>14}" for run in direct]
    print(f"{'inputs bound':22}{'':10}" + "".join(told))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", nargs="+")
    for path in parser.parse_args().bundles:
        report(path)


if __name__ == "__main__":
    main()
