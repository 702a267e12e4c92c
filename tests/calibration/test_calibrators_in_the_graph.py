"""Every calibrator as nodes: what numpy says, the same for a row in every batch."""

from __future__ import annotations

import numpy as np
import pytest

from hagane.calibration.calibrate import METHODS
from hagane.features.emit import Emitter
from hagane.runtime.session import Session


@pytest.mark.parametrize("num_classes", [2, 3, 7])
@pytest.mark.parametrize("method", METHODS)
def test_the_graph_says_what_numpy_does_at_every_batch_size(method: str, num_classes: int) -> None:
    random = np.random.default_rng(num_classes)
    said = random.dirichlet(np.full(num_classes, 0.3), 4_096)
    said[:3] = [*np.eye(num_classes)[:2].tolist(), np.full(num_classes, 1 / num_classes)]
    labels = np.array([random.choice(num_classes, p=row**0.7 / (row**0.7).sum()) for row in said[:1_500]])
    fitted = METHODS[method](said[:1_500], labels, np.ones(1_500))
    e = Emitter()
    x = e.input("x", np.float64, ("n", num_classes))
    e.output("y", fitted.emit(e, x), np.float64, ("n", num_classes))
    session = Session(e.model().SerializeToString())
    whole = session.run({"x": said}, ["y"])["y"]
    assert whole == pytest.approx(fitted.apply(said), abs=1e-12)
    assert whole.sum(axis=1) == pytest.approx(np.ones(4_096))
    assert np.all((whole > 0) & (whole < 1))
    for n in (0, 1, 2, 7, 300):
        for start in (0, 5):
            rows = slice(start, start + n)
            assert np.array_equal(session.run({"x": said[rows]}, ["y"])["y"], whole[rows])
