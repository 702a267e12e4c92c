"""What LightGBM's C interface can do and its Python package has no public name for.

The functions of the C interface are documented and kept (`c_api.h`); only the way to the library is the package's own.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from lightgbm.basic import _LIB, _safe_call

from hagane.errors import Fault, TrainingError

Floats = npt.NDArray[np.float64]
_FLOAT_TYPES = {np.dtype(np.float32): 0, np.dtype(np.float64): 1}
_INDEX_TYPES = {np.dtype(np.int32): 2, np.dtype(np.int64): 3}
TRAIN, EVAL = 0, 1
"""Numbers of a booster's data sets."""


def predictions_of(booster: lgb.Booster, data_set: int, size: int) -> Floats:
    """[size] what the booster has for the rows of one of its data sets, output after output.

    Scores behind the objective's link; raw sums where the objective is `none`.
    """
    found, length = np.empty(size), ctypes.c_int64()
    _safe_call(_LIB.LGBM_BoosterGetPredict(booster._handle, data_set, ctypes.byref(length), _pointer(found)))
    assert length.value == size
    return found


def put_trees_before(booster: lgb.Booster, earlier: lgb.Booster) -> None:
    """Let `booster`, which has no tree yet, go on behind the trees of `earlier`. Its scores stay as they are."""
    _safe_call(_LIB.LGBM_BoosterMerge(booster._handle, earlier._handle))


def grow_on(booster: lgb.Booster, gradients: npt.NDArray[np.float32], hessians: npt.NDArray[np.float32]) -> bool:
    """Grow the trees of one round on gradients and hessians [outputs · n]; whether none could be split."""
    is_empty = ctypes.c_int()
    _safe_call(
        _LIB.LGBM_BoosterUpdateOneIterCustom(
            booster._handle, _pointer(gradients), _pointer(hessians), ctypes.byref(is_empty)
        )
    )
    return is_empty.value == 1


def push_rows(dataset: lgb.Dataset, rows: npt.NDArray[Any] | sp.csr_matrix, first: int) -> None:
    """Bin rows [n, columns] as the rows `first` … `first` + n - 1 of a data set whose bins are known."""
    num_rows, num_columns = rows.shape
    if isinstance(rows, np.ndarray):
        rows = np.ascontiguousarray(rows)
        kind = _FLOAT_TYPES[rows.dtype]
        _safe_call(_LIB.LGBM_DatasetPushRows(dataset._handle, _pointer(rows), kind, num_rows, num_columns, first))
        return
    columns, starts = rows.indices.astype(np.int32, copy=False), rows.indptr
    _safe_call(
        _LIB.LGBM_DatasetPushRowsByCSR(
            dataset._handle, _pointer(starts), _INDEX_TYPES[starts.dtype], _pointer(columns), _pointer(rows.data),
            _FLOAT_TYPES[rows.data.dtype], ctypes.c_int64(num_rows + 1), ctypes.c_int64(len(columns)),
            ctypes.c_int64(num_columns), ctypes.c_int64(first),
        )
    )  # fmt: skip


@contextmanager
def lightgbm_refusals() -> Iterator[None]:
    """What LightGBM raises as TrainingError."""
    try:
        yield
    except lgb.basic.LightGBMError as error:
        raise TrainingError(Fault(what=f"LightGBM refused to train: {error}", where="model")) from error


def _pointer(array: npt.NDArray[Any]) -> ctypes.c_void_p:
    assert array.flags.c_contiguous
    return ctypes.c_void_p(array.ctypes.data)
