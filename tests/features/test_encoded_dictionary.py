"""Dictionaries that grow, shrink and change, on one thread and on several, against each word by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.features.encoded_dictionary import EncodedDictionary, EncodedWords
from hagane.features.sparse_rows import SparseRows

WORDS = st.lists(st.text(max_size=3), unique=True, max_size=12)


class Counting:
    """The length of a word as a number and as a sparse slot; 'x' errs; how many words were run."""

    def __init__(self) -> None:
        self.num_run = 0

    def __call__(self, words: pa.Array) -> EncodedWords:
        texts = words.to_pylist()
        self.num_run += len(texts)
        lengths = np.array([-1 if text is None else len(text) for text in texts], np.int8)
        sparse = SparseRows(np.arange(len(texts) + 1), lengths, np.ones(len(texts), np.float32))
        errors = np.array([text is not None and "x" in text for text in texts], np.bool_)
        return EncodedWords([lengths, sparse], errors if errors.any() else None, len(texts))


def check(found: EncodedWords, words: list[str]) -> None:
    lengths = [-1, *map(len, words)]
    numbers, sparse = found.columns
    assert numbers[: len(lengths)].tolist() == lengths
    assert sparse.ids[sparse.offsets[: len(lengths)]].tolist() == lengths
    errors = np.zeros(len(lengths), np.bool_) if found.row_error is None else found.row_error[: len(lengths)]
    assert errors.tolist() == [False, *("x" in word for word in words)]


@given(st.lists(st.tuples(WORDS, st.lists(st.integers(0, 12), max_size=5)), max_size=4))
def test_any_dictionaries_one_after_another(dictionaries: list[tuple[list[str], list[int]]]) -> None:
    encoded = EncodedDictionary(Counting())
    for words, cuts in dictionaries:
        for cut in [*cuts, len(words)]:
            check(encoded.look_up(pa.array(words[:cut], pa.string())), words[:cut])


@pytest.mark.parametrize("num_threads", [1, 4])
def test_each_word_of_a_growing_dictionary_is_run_once(num_threads: int) -> None:
    words = [f"w{k}" for k in range(5_000)]
    run = Counting()
    encoded = EncodedDictionary(run)
    grown = [pa.array(words[:end], pa.string()) for end in range(100, 5_001, 100)]
    with ThreadPoolExecutor(num_threads) as pool:
        for found, dictionary in zip(pool.map(encoded.look_up, grown), grown, strict=True):
            check(found, dictionary.to_pylist())
    assert run.num_run == 1 + len(words)


def test_what_fails_is_told_and_tried_again() -> None:
    fails = [True]
    run = Counting()

    def once(words: pa.Array) -> EncodedWords:
        if fails.pop() if fails else False:
            raise MemoryError
        return run(words)

    encoded = EncodedDictionary(once)
    with pytest.raises(MemoryError):
        encoded.look_up(pa.array(["a"]))
    check(encoded.look_up(pa.array(["a", "bc"])), ["a", "bc"])
