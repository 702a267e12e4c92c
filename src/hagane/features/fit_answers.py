"""`FitAnswers`: what fits have asked of the training rows, kept for the fits of other trials on the same rows.

A question is known by the rows (fingerprint of the table) and the argument, an expression without learned parts. What a
sweep asks follows from one answer: every number of quantiles from the numbers in order, every size of a vocabulary from
the counts of all values. Answers are those that the question alone would have had, to the last bit, so a `Transform` is
the same with them and without.

They lie in a folder that processes share: files that appear whole and are replaced whole, under a lock while something
is asked, so that trials that begin together ask once.
"""

from __future__ import annotations

import fcntl
import functools
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec

from hagane.errors import Fault, StorageError
from hagane.features.analyzers.analyzer import Aggregates, Measured
from hagane.features.column_key import ROOMS, code_digest, digest
from hagane.features.known_answers import SUFFIXES, KnownAnswers, together
from hagane.features.measure_nodes import measure_nodes
from hagane.progress import Phase
from hagane.sql.expression import Analyze
from hagane.write_aside import write_aside

if TYPE_CHECKING:
    from hagane.data.table import Table

LOCK_FILE = "answers.lock"
KINDS = ("statistics", "leaks")
"""What is remembered of rows besides what analyzers ask."""
T = TypeVar("T")
SORT_BYTES = 32
"""Memory that a number takes while a column is put in order."""
SHARE_OF_MEMORY = 4
"""A column is put in order where that takes this part of the budget, at most."""
MOST_KNOWN = 1_000
"""Arguments of which the answers are at hand: those made around something learned are others in each trial."""
LIMIT_BYTES = 4 * 2**30
"""What the folder may hold; the answers that were used longest ago go first."""


class FitAnswers:
    """Those kept in `folder`, which is made by the first one. Several threads may ask at once.

    >>> import tempfile
    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> from hagane.features.fit import fit_transform
    >>> rows, answers = open_table(pa.table({"n": list(range(100))})), FitAnswers(Path(tempfile.mkdtemp()))
    >>> for buckets in (2, 4):
    ...     sql = {"n": f"ML.QUANTILE_BUCKETIZE(n, {buckets}) OVER ()"}
    ...     fitted = fit_transform(sql, rows, accepts_missing=True, answers=answers).fitted
    ...     print([parameters.points for parameters in fitted.values()])
    [(49.0,)]
    [(24.0, 49.0, 74.0)]
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, KnownAnswers] = {}
        self._lock = threading.Lock()

    def measure(self, table: Table, asked: Mapping[Analyze, Aggregates], phase: Phase) -> dict[Analyze, Measured]:
        """What each analyzer's argument is asked, answered. Raises StorageError where the answers cannot be kept."""
        if not asked:
            return {}
        rows, may_sort = digest((code_digest(), table.fingerprint())), _may_sort(table)
        with self._lock:
            known = {node: self._of(rows, node) for node in asked}
            questions = _questions(known, asked)
            if _lacking(questions, may_sort):
                with self._alone():
                    for question in questions:
                        question.known.reload()
                    self._ask(table, _lacking(questions, may_sort), phase)
            return {node: known[node].answer(aggregates) for node, aggregates in asked.items()}

    def remember(self, kind: str, table: Table, about: object, type: type[T], make: Callable[[], T]) -> T:
        """What `make` says of the rows of `table`, once for all processes; it depends on `about`, too.

        `kind` is one of `KINDS`; the answer is kept as JSON, read as `type`. Raises StorageError.
        """
        key = digest((code_digest((*ROOMS, "statistics")), table.fingerprint(), about))
        path = self.folder / f"{key}.{kind}"
        with self._lock, suppress(OSError, msgspec.DecodeError):
            return msgspec.json.decode(path.read_bytes(), type=type)
        with self._lock, self._alone():
            with suppress(OSError, msgspec.DecodeError):  # another process was first
                return msgspec.json.decode(path.read_bytes(), type=type)
            made = make()
            try:
                write_aside(path, msgspec.json.encode(made))
            except OSError as error:
                raise StorageError(_not_kept(self.folder, error)) from None
            return made

    def _of(self, rows: str, node: Analyze) -> KnownAnswers:
        key = digest((rows, node.argument))
        found = self._known.pop(key, None) or KnownAnswers(self.folder / key, node.argument.type)
        self._known[key] = found  # the one used last is the last to go
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]
        return found

    def _ask(self, table: Table, lacking: Sequence[_Question], phase: Phase) -> None:
        found = measure_nodes(table, {question.node: question.asked for question in lacking}, phase)
        for question in lacking:
            question.known.note(question.asked, found[question.node])
        try:
            for question in lacking:
                question.known.keep(question.asked)
            evict(self.folder, LIMIT_BYTES)
        except OSError as error:
            raise StorageError(_not_kept(self.folder, error)) from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process asks meanwhile. Raises StorageError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder / LOCK_FILE, os.O_CREAT | os.O_RDWR, 0o644)
        except OSError as error:
            raise StorageError(_not_kept(self.folder, error)) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


class _Question(NamedTuple):
    """What is asked of one argument, by all analyzers together; `node` is one of them."""

    node: Analyze
    known: KnownAnswers
    asked: Aggregates


def _questions(known: Mapping[Analyze, KnownAnswers], asked: Mapping[Analyze, Aggregates]) -> list[_Question]:
    by_argument: dict[KnownAnswers, list[Analyze]] = {}
    for node in asked:
        by_argument.setdefault(known[node], []).append(node)
    return [
        _Question(nodes[0], answers, functools.reduce(together, (asked[node] for node in nodes)))
        for answers, nodes in by_argument.items()
    ]


def _lacking(questions: Sequence[_Question], may_sort: bool) -> list[_Question]:
    found = ((question, question.known.lacking(question.asked, may_sort=may_sort)) for question in questions)
    return [question._replace(asked=lacking) for question, lacking in found if lacking is not None]


def _may_sort(table: Table) -> bool:
    return table.num_rows * SORT_BYTES * SHARE_OF_MEMORY <= table.engine.memory.num_bytes


def _not_kept(folder: Path, error: OSError) -> Fault:
    return Fault(what=f"{folder}: {error.strerror or error}", next_step="make room or grant access")


def evict(folder: Path, limit_bytes: int) -> None:
    """Remove the answers that were written longest ago until all of them take no more than `limit_bytes`.

    Whoever has mapped one keeps it.
    """
    files = []
    for path in (path for path in folder.iterdir() if path.suffix in (*SUFFIXES, *(f".{kind}" for kind in KINDS))):
        with suppress(FileNotFoundError):
            status = path.stat()
            files.append((status.st_mtime, status.st_size, path))
    excess = sum(size for _, size, _ in files) - limit_bytes
    for _, size, path in sorted(files):
        if excess <= 0:
            break
        path.unlink(missing_ok=True)
        excess -= size
