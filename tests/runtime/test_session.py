"""A row's answer depends on that row alone."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from hagane.features.emit import Emitter
from hagane.runtime.session import BATCH_MULTIPLE, Session

FLOAT64_OPERATORS = ["Log", "Exp", "Tanh", "Sqrt", "Sigmoid", "Floor", "Round", "Abs"]
FLOAT32_OPERATORS = [*FLOAT64_OPERATORS, "Softplus", "Erf"]
SIZES = (1, 2, 3, 5, 7, 31, 300, 1001)


def unary(operator: str, dtype: type, width: int) -> Session:
    emitter = Emitter()
    x = emitter.input("x", dtype, ("n", width))
    emitter.output("y", emitter.node(operator, x), dtype, ("n", width))
    return Session(emitter.model().SerializeToString())


def hostile(rows: int, width: int) -> np.ndarray:
    """Ordinary numbers, with huge, tiny and special ones strewn among them."""
    random = np.random.default_rng(0)
    x = random.uniform(-20, 20, (rows, width))
    special = [0.0, -0.0, 1e-310, 1e30, -1e30, 700.0, -700.0, np.inf, -np.inf, np.nan]
    return np.where(random.random(x.shape) < 0.1, random.choice(special, x.shape), x)


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize(
    ("operator", "dtype"),
    [(name, np.float64) for name in FLOAT64_OPERATORS] + [(name, np.float32) for name in FLOAT32_OPERATORS],
)
def test_every_batch_size_gives_the_same_bits(operator: str, dtype: type, width: int) -> None:
    session = unary(operator, dtype, width)
    x = hostile(4096, width).astype(dtype)
    whole = session.run({"x": x}, ["y"])["y"]
    for rows in SIZES:
        for start in (0, 1, 1000, 4096 - rows):
            part = session.run({"x": x[start : start + rows]}, ["y"])["y"]
            assert np.array_equal(part, whole[start : start + rows], equal_nan=True), (rows, start)


def test_the_padding_is_needed() -> None:
    """Without it the last element differs: when this fails, ONNX Runtime has mended its tails and padding may go."""
    session = unary("Log", np.float64, 1)
    x = np.random.default_rng(0).uniform(0.001, 5, (2000, 1))
    whole = session.run({"x": x}, ["y"])["y"]
    alone = np.array([session._session.run(["y"], {"x": x[i : i + 1]})[0][0] for i in range(len(x))])
    assert (alone != whole).any()


def test_sine_depends_on_its_neighbours() -> None:
    """Sin reduces a huge argument for its whole vector, so no padding helps: no trigonometric function is emitted."""
    session = unary("Sin", np.float64, 1)
    x = np.random.default_rng(0).uniform(0.001, 20, (2000, 1))
    pairs = np.array([session.run({"x": np.array([[value], [1e30]])}, ["y"])["y"][0] for value in x[:, 0]])
    assert (pairs != session.run({"x": x}, ["y"])["y"]).any()


def test_no_rows_keep_shape_and_type() -> None:
    emitter = Emitter()
    emitter.input("x", np.int64, ("n", 3))
    emitter.input("s", str, ("n", 1))
    emitter.output("y", emitter.node("Add", "x", "x"), np.int64, ("n", 3))
    emitter.output("upper", emitter.node("Identity", "s"), str, ("n", 1))
    session = Session(emitter.model().SerializeToString())
    assert (session.inputs, session.outputs) == (("x", "s"), ("y", "upper"))
    got = session.run({"x": np.empty((0, 3), np.int64), "s": np.empty((0, 1), object)}, ["upper", "y"])
    assert {name: (array.shape, array.dtype) for name, array in got.items()} == {
        "upper": ((0, 1), np.dtype(object)),
        "y": ((0, 3), np.dtype(np.int64)),
    }


def test_threads_share_a_session() -> None:
    session = unary("Exp", np.float64, 2)
    x = np.random.default_rng(1).normal(size=(64, 2))
    whole = session.run({"x": x}, ["y"])["y"]
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda i: session.run({"x": x[i % 64 : i % 64 + 1]}, ["y"])["y"][0], range(640)))
    assert np.array_equal(np.array(rows), np.tile(whole, (10, 1)))


def test_a_model_is_read_from_a_file(tmp_path: Path) -> None:
    emitter = Emitter()
    emitter.output("y", emitter.node("Neg", emitter.input("x", np.float64, ("n", 1))), np.float64, ("n", 1))
    path = tmp_path / "model.onnx"
    path.write_bytes(emitter.model().SerializeToString())
    for source in (path, str(path)):
        assert Session(source).run({"x": np.ones((BATCH_MULTIPLE + 1, 1))}, ["y"])["y"].tolist() == [[-1.0]] * 5
    with pytest.raises(OSError, match="absent"):
        Session(tmp_path / "absent.onnx")
