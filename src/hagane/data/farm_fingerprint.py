"""`farm_fingerprint`: BigQuery's FARM_FINGERPRINT, so that a split keyed by it in BigQuery is the same split here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Words = npt.NDArray[np.uint64]

K0, K1, K2 = np.uint64(0xC3A5C85C97CB3127), np.uint64(0xB492B66FBE98F273), np.uint64(0x9AE16A3B2F90404F)
MAX_WORD = 8


def farm_fingerprint(texts: pa.Array) -> pa.Array:
    """INT64 [n] the fingerprint of the UTF-8 bytes of each of STRING or BYTES [n]; NULL of NULL.

    FarmHash's Fingerprint64 (Pike, github.com/google/farmhash, `farmhashna::Hash64`), signed; a million short texts
    take a quarter of a second. The value below is that of BigQuery's documentation.

    >>> farm_fingerprint(pa.array(["1footrue", None])).to_pylist()
    [-1541654101129638711, None]
    """
    texts = texts.cast(pa.large_binary())
    _, offsets, data = texts.buffers()
    starts = np.frombuffer(offsets, np.int64, len(texts) + 1, texts.offset * 8)
    held = np.frombuffer(data or b"", np.uint8)
    bytes_ = _Bytes(np.concatenate([held, np.zeros(MAX_WORD, np.uint8)]))
    lengths = np.diff(starts)
    found = np.empty(len(texts), np.uint64)
    for (least, most), hash_of in _BY_LENGTH.items():
        rows = np.flatnonzero((lengths >= least) & (lengths <= most))
        with np.errstate(over="ignore"):
            found[rows] = hash_of(bytes_, starts[rows], lengths[rows])
    return pa.array(found.view(np.int64), mask=texts.is_null().to_numpy(zero_copy_only=False))


class _Bytes:
    """Words within bytes, at any address; eight bytes more must follow the last text."""

    def __init__(self, held: npt.NDArray[np.uint8]) -> None:
        self.bytes = held
        self._words = np.ndarray(len(held) - 7, "<u8", held.data, strides=(1,))
        self._halves = np.ndarray(len(held) - 3, "<u4", held.data, strides=(1,))

    def word(self, at: npt.NDArray[np.int64]) -> Words:
        return self._words[at]

    def half(self, at: npt.NDArray[np.int64]) -> Words:
        return self._halves[at].astype(np.uint64)

    def byte(self, at: npt.NDArray[np.int64]) -> Words:
        return self.bytes[at].astype(np.uint64)


Hash = Callable[[_Bytes, npt.NDArray[np.int64], npt.NDArray[np.int64]], Words]


def _rotate(word: Words, bits: int) -> Words:
    return (word >> np.uint64(bits)) | (word << np.uint64(64 - bits))


def _shift_mix(word: Words) -> Words:
    return word ^ (word >> np.uint64(47))


def _mix(u: Words, v: Words, times: Words) -> Words:
    """`HashLen16`."""
    first = _shift_mix((u ^ v) * times)
    return _shift_mix((v ^ first) * times) * times


def _empty(_: _Bytes, at: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> Words:
    return np.full(len(at), K2)


def _to_3(data: _Bytes, at: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> Words:
    low = data.byte(at) + (data.byte(at + lengths // 2) << np.uint64(8))
    high = lengths.astype(np.uint64) + (data.byte(at + lengths - 1) << np.uint64(2))
    return _shift_mix((low * K2) ^ (high * K0)) * K2


def _to_7(data: _Bytes, at: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> Words:
    size = lengths.astype(np.uint64)
    return _mix(size + (data.half(at) << np.uint64(3)), data.half(at + lengths - 4), K2 + size * np.uint64(2))


def _to_16(data: _Bytes, at: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> Words:
    times = K2 + lengths.astype(np.uint64) * np.uint64(2)
    a, b = data.word(at) + K2, data.word(at + lengths - 8)
    return _mix(_rotate(b, 37) * times + a, (_rotate(a, 25) + b) * times, times)


def _ends(
    data: _Bytes, at: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], first: np.uint64
) -> tuple[Words, Words, Words, Words]:
    """The two first and the two last words, as 17 to 64 bytes mix them: a, the sums y and z, the multiplier."""
    times = K2 + lengths.astype(np.uint64) * np.uint64(2)
    a, b = data.word(at) * first, data.word(at + 8)
    c, d = data.word(at + lengths - 8) * times, data.word(at + lengths - 16) * K2
    return a, _rotate(a + b, 43) + _rotate(c, 30) + d, a + _rotate(b + K2, 18) + c, times


def _to_32(data: _Bytes, at: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> Words:
    _, y, z, times = _ends(data, at, lengths, K1)
    return _mix(y, z, times)


def _to_64(data: _Bytes, at: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> Words:
    a, y, z, times = _ends(data, at, lengths, K2)
    z = _mix(y, z, times)
    e, f = data.word(at + 16) * times, data.word(at + 24)
    g, h = (y + data.word(at + lengths - 32)) * times, (z + data.word(at + lengths - 24)) * times
    return _mix(_rotate(e + f, 43) + _rotate(g, 30) + h, e + _rotate(f + a, 18) + g, times)


def _longer(data: _Bytes, at: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> Words:
    """Blocks of 64 bytes from the front, then the last 64, whichever of them were mixed before."""
    state = _start(data, at)
    blocks = (lengths - 1) // 64
    for index in range(int(blocks.max(initial=0))):
        rows = np.flatnonzero(blocks > index)
        state[:, rows] = _block(data, at[rows] + 64 * index, state[:, rows])
    return _finish(data, at + lengths - 64, ((lengths - 1) & 63).astype(np.uint64), state)


def _start(data: _Bytes, at: npt.NDArray[np.int64]) -> Words:
    """[7, n]: x, y, z, v, w of two words each, from the seed 81."""
    seed = np.uint64(81)
    y = seed * K1 + np.uint64(113)
    state = np.zeros((7, len(at)), np.uint64)
    state[0], state[1] = seed * K2 + data.word(at), y
    state[2] = _shift_mix(np.full(len(at), y * K2 + np.uint64(113))) * K2
    return state


def _block(data: _Bytes, at: npt.NDArray[np.int64], state: Words) -> Words:
    x, y, z, v0, v1, w0, w1 = state
    x = _rotate(x + y + v0 + data.word(at + 8), 37) * K1 ^ w1
    y = _rotate(y + v1 + data.word(at + 48), 42) * K1 + v0 + data.word(at + 40)
    z = _rotate(z + w0, 33) * K1
    v0, v1 = _weak(data, at, v1 * K1, x + w0)
    w0, w1 = _weak(data, at + 32, z + w1, y + data.word(at + 16))
    return np.stack([z, y, x, v0, v1, w0, w1])


def _finish(data: _Bytes, at: npt.NDArray[np.int64], rest: Words, state: Words) -> Words:
    x, y, z, v0, v1, w0, w1 = state
    times = K1 + ((z & np.uint64(0xFF)) << np.uint64(1))
    w0 = w0 + rest
    v0 = v0 + w0
    w0 = w0 + v0
    x = _rotate(x + y + v0 + data.word(at + 8), 37) * times ^ w1 * np.uint64(9)
    y = _rotate(y + v1 + data.word(at + 48), 42) * times + v0 * np.uint64(9) + data.word(at + 40)
    z = _rotate(z + w0, 33) * times
    v0, v1 = _weak(data, at, v1 * times, x + w0)
    w0, w1 = _weak(data, at + 32, z + w1, y + data.word(at + 16))
    return _mix(_mix(v0, w0, times) + _shift_mix(y) * K0 + x, _mix(v1, w1, times) + z, times)


def _weak(data: _Bytes, at: npt.NDArray[np.int64], a: Words, b: Words) -> tuple[Words, Words]:
    """`WeakHashLen32WithSeeds`: 32 bytes into two words."""
    last = data.word(at + 24)
    a = a + data.word(at)
    total = a + data.word(at + 8) + data.word(at + 16)
    return total + last, _rotate(b + a + last, 21) + _rotate(total, 44) + a


_BY_LENGTH: dict[tuple[int, int], Hash] = {
    (0, 0): _empty,
    (1, 3): _to_3,
    (4, 7): _to_7,
    (8, 16): _to_16,
    (17, 32): _to_32,
    (33, 64): _to_64,
    (65, np.iinfo(np.int64).max): _longer,
}
