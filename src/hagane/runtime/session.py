"""`Session`: one ONNX graph, run so that a row's answer does not depend on the rows beside it.

ONNX Runtime's vector kernels treat the last elements of a tensor apart, and differ there in the last bits: float64
Log, Exp and Tanh when the number of elements is odd, float32 Log and Softplus when it is no multiple of 4 (measured by
`tests/runtime/test_session.py` with ONNX Runtime 1.31 on x86-64). A session therefore pads every batch to a multiple
of `BATCH_MULTIPLE` rows and slices the answer back, and runs on one thread, since threads divide tensors too. Sin and
Cos look at their neighbours whatever the padding: the feature language has none. A batch of no rows is run as padding
alone, because some operators (StringNormalizer) fail on empty tensors.

Flat tensors have an entry for each element of a row's array instead of one a row. Flat inputs (`array.*`) are not
padded: rows of padding have no elements. A flat output says in which output its entries' row numbers stand, ascending:
its first dimension is named after that output. The entries of rows of padding are cut off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from hagane.runtime.layout import ColumnData, is_flat_input
from hagane.runtime.row_runs import row_runs

Array = npt.NDArray[np.generic]

BATCH_MULTIPLE = 4
WRONG_OPTIMIZERS = ["DivMulFusion", "NoopElimination", "MatMulScaleFusion"]
"""DivMulFusion makes c / b of (1 / b) * c: other bits, and wrong for int64. NoopElimination drops x * c, x / c, x + c
and x - c where c is 1 or 0 as float32, though it be 1 + 1e-9 or 1e-50. MatMulScaleFusion rounds the float64 c of
(c * x) @ w to float32."""
_TENSORS_FOLDER = "session.model_external_initializers_file_folder_path"
_SPLITTERS = (b"StringSplit", b"Tokenizer")


class Session:
    """A loaded graph whose inputs and outputs have the batch as their first axis, flat ones excepted.

    Several threads may share one session: it keeps nothing between calls. `num_threads` other than 1 trades the
    promise above for speed. `tensors` is the folder of the files in which a graph says that its large tensors lie: they
    are mapped into memory. Raises OSError when the file cannot be read, ONNX Runtime's own errors when the graph is
    not one.

    >>> from hagane.features.emit import Emitter
    >>> emitter = Emitter()
    >>> x = emitter.input("x", np.float64, ("n", 1))
    >>> emitter.output("log_x", emitter.node("Log", x), np.float64, ("n", 1))
    >>> session = Session(emitter.model().SerializeToString())
    >>> session.run({"x": np.array([[1.0]])}, ["log_x"])["log_x"].tolist()
    [[0.0]]
    >>> session.run({"x": np.empty((0, 1))}, ["log_x"])["log_x"].shape
    (0, 1)
    """

    def __init__(self, model: bytes | str | Path, *, num_threads: int = 1, tensors: Path | None = None) -> None:
        source = model if isinstance(model, bytes) else Path(model).read_bytes()
        options = session_options(num_threads)
        if tensors is not None:
            options.add_session_config_entry(_TENSORS_FOLDER, str(tensors.absolute()))
        self._session = ort.InferenceSession(
            source,
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=WRONG_OPTIMIZERS,
        )
        self.inputs: tuple[str, ...] = tuple(value.name for value in self._session.get_inputs())
        """Names of the graph's inputs."""
        self.outputs: tuple[str, ...] = tuple(value.name for value in self._session.get_outputs())
        """Names of the graph's outputs."""
        self.batch_multiple = BATCH_MULTIPLE
        """Batches of so many rows, or of a multiple, need no padding."""
        self._splits_texts = any(name in source for name in _SPLITTERS)
        firsts = ((value.name, value.shape[0] if value.shape else None) for value in self._session.get_outputs())
        self._rows_of = {name: str(first) for name, first in firsts if first in self.outputs}

    def runs(self, columns: Mapping[str, ColumnData], num_rows: int, most: int) -> list[slice]:
        """The rows as runs of at most `most`; fewer where this graph takes texts apart and one is long."""
        return row_runs(columns if self._splits_texts else {}, num_rows, most)

    def run(self, feed: Mapping[str, Array], outputs: Sequence[str]) -> dict[str, Array]:
        """The named outputs, each [n, …], for inputs [n, …] (strings: object arrays of str); n may be 0.

        Flat ones are [t, …]. An input that is not flat must be among them.
        """
        rows = len(next(array for name, array in feed.items() if not is_flat_input(name)))
        padding = -rows % BATCH_MULTIPLE if rows else BATCH_MULTIPLE
        if not padding:
            return dict(zip(outputs, self._session.run(outputs, feed), strict=True))
        padded = {name: array if is_flat_input(name) else _pad(array, rows, padding) for name, array in feed.items()}
        if not self._rows_of:
            return {name: array[:rows] for name, array in zip(outputs, self._session.run(outputs, padded), strict=True)}
        return self._run_flat(padded, outputs, rows)

    def _run_flat(self, padded: Mapping[str, Array], outputs: Sequence[str], rows: int) -> dict[str, Array]:
        """As `run`, where some of the outputs may be flat: cut where the rows of padding begin."""
        asked = list(dict.fromkeys([*outputs, *(self._rows_of[name] for name in outputs if name in self._rows_of)]))
        found = dict(zip(asked, self._session.run(asked, padded), strict=True))
        ends = {name: int(np.searchsorted(found[name], rows)) for name in set(self._rows_of.values()) & found.keys()}
        return {name: found[name][: ends[self._rows_of[name]] if name in self._rows_of else rows] for name in outputs}


def session_options(num_threads: int) -> ort.SessionOptions:
    """Every option that matters for speed or for the answer, set explicitly."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.enable_mem_pattern = False  # would keep a plan for every batch size ever seen; no faster here
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _pad(array: Array, rows: int, padding: int) -> Array:
    """`array` and `padding` more rows: copies of its first row, or zeros where it has none; '' for strings.

    A text is not copied: it may be a million characters, of which a graph makes a million pieces.
    """
    is_text = array.dtype.kind in "OU"
    if rows == 1 and not is_text:
        return array.repeat(1 + padding, axis=0)  # the hot path of serving, in one call of numpy
    padded = np.empty((rows + padding, *array.shape[1:]), array.dtype)
    padded[:rows] = array
    padded[rows:] = "" if is_text else array[:1] if rows else 0
    return padded
