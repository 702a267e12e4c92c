"""MurmurHash3 (x86, 32 bits, seed 0) as DuckDB's SQL, to hold the graph's hash against something we did not link.

Variables of its lambdas begin with `hagane_`, lest they hide a column.

Source: Austin Appleby's public-domain reference, SMHasher's MurmurHash3_x86_32.
"""

from __future__ import annotations

_MASK = 0xFFFFFFFF


def murmur3_sql(text: str) -> str:
    """BIGINT 0 … 2³² − 1: the hash of the UTF-8 bytes of the SQL string expression `text`; NULL for NULL.

    >>> import duckdb
    >>> duckdb.connect().execute(f"SELECT {murmur3_sql(chr(39) + 'hello' + chr(39))}").fetchone()
    (613153351,)
    """
    block = _mixed(_word("hagane_b.h", "hagane_i * 8", 4))
    words = f"list_transform(range(0, hagane_b.n // 4), lambda hagane_i: {block})"
    tail = _mixed(_word("hagane_b.h", "(hagane_b.n // 4) * 8", 3))
    step = _round("hagane_h", "hagane_k")
    rounds = f"list_reduce(list_prepend(CAST(0 AS UBIGINT), {words}), lambda hagane_h, hagane_k: {step})"
    hashed = _finish(f"xor(xor({rounds}, {tail}), CAST(hagane_b.n AS UBIGINT))")
    bytes_ = f"{{'h': hex(encode({text})), 'n': octet_length(encode({text}))}}"
    value = f"list_transform([{bytes_}], lambda hagane_b: {hashed})[1]"
    return f"CASE WHEN {text} IS NULL THEN NULL ELSE CAST({value} AS BIGINT) END"


def _word(hexadecimal: str, start: str, size: int) -> str:
    """`size` bytes of a string of hex digits from digit `start` on, the first byte lowest; absent ones are 0."""
    digits = [f"rpad(substr({hexadecimal}, {start} + {2 * index + 1}, 2), 2, '0')" for index in reversed(range(size))]
    return f"CAST('0x' || {' || '.join(digits)} AS UBIGINT)"


def _let(name: str, value: str, body: str) -> str:
    return f"list_transform([{value}], lambda {name}: {body})[1]"


def _times(x: str, constant: int) -> str:
    return f"(({x} * CAST({constant} AS UBIGINT)) & CAST({_MASK} AS UBIGINT))"


def _rotated(x: str, bits: int) -> str:
    return _let("hagane_r", x, f"(((hagane_r << {bits}) | (hagane_r >> {32 - bits})) & CAST({_MASK} AS UBIGINT))")


def _mixed(word: str) -> str:
    return _times(_rotated(_times(word, 0xCC9E2D51), 15), 0x1B873593)


def _round(hash_: str, word: str) -> str:
    turned = _rotated(f"xor({hash_}, {word})", 13)
    return f"((({turned}) * CAST(5 AS UBIGINT) + CAST({0xE6546B64} AS UBIGINT)) & CAST({_MASK} AS UBIGINT))"


def _finish(hash_: str) -> str:
    first = _let("hagane_f", hash_, _times("xor(hagane_f, hagane_f >> 16)", 0x85EBCA6B))
    second = _let("hagane_f", first, _times("xor(hagane_f, hagane_f >> 13)", 0xC2B2AE35))
    return _let("hagane_f", second, "xor(hagane_f, hagane_f >> 16)")
