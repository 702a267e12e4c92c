"""`LabelledLog`: the logged rows whose truth has come, as rows of a training."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from hagane.bundle.signature import Signature
from hagane.data.engine import Engine, quote_name
from hagane.errors import DataError, Fault
from hagane.serving.request_log.log_lock import log_lock
from hagane.serving.request_log.logged_models import logged_models
from hagane.workflow.log_window import LogWindow
from hagane.workflow.request_log import log_folder, log_sql
from hagane.workspace.workspace import Workspace
from hagane.write_aside import write_aside

MOST_ROWS = 100_000
"""Models are measured on the newest of them."""
_LOGGED = "WITH logged AS ({})"


class LabelledLog:
    """Of an endpoint: the raw columns of `signature`, and its label.

    A row of the log counts once, whichever version answered it; those of mirrors are left out. Raises NotFoundError
    where there is no log, DataError for one that does not hold what the model reads, or whose label is no one column.
    """

    def __init__(self, endpoint: str, signature: Signature, workspace: Workspace) -> None:
        self.folder = log_folder(endpoint, workspace)
        self.signature = signature
        self._check(endpoint)

    def num_rows(self, window: LogWindow) -> int:
        """How many there are."""
        return self._count(f"SELECT count(*) AS n FROM logged WHERE {self._known}", window) or 0

    def nth_newest(self, number: int) -> int | None:
        """The moment of the newest but `number`, µs since 1970 UTC; None where there are no more than `number`."""
        sql = f"SELECT epoch_us(time) AS n FROM logged WHERE {self._known} ORDER BY time DESC LIMIT 1"
        return self._count(f"{sql} OFFSET {number}", LogWindow())

    def newest(self, window: LogWindow, most: int = MOST_ROWS) -> pa.Table:
        """At most so many, the newest, in the order of their times."""
        sql = f"SELECT {self._columns}, time FROM logged WHERE {self._known} ORDER BY time DESC LIMIT {most}"
        with log_lock(self.folder):
            rows = log_sql(self.folder, window, with_truth=True)
            if rows is None:
                raise DataError(Fault(what="the log holds no rows of this time"))
            return Engine().query(f"{_LOGGED.format(rows)} SELECT * EXCLUDE (time) FROM ({sql}) ORDER BY time")

    def write(self, path: Path, window: LogWindow) -> None:
        """All of them as Parquet, whole or not at all."""
        import pyarrow.parquet as pq

        sql = f"SELECT {self._columns} FROM logged WHERE {self._known} ORDER BY time, request_id, row"

        def written(aside: Path) -> None:
            rows = log_sql(self.folder, window, with_truth=True)
            if rows is None:
                raise DataError(Fault(what="the log holds no rows of this time"))
            writer: pq.ParquetWriter | None = None
            for batch in Engine().batches(f"{_LOGGED.format(rows)} {sql}", 65_536):
                writer = writer or pq.ParquetWriter(aside, batch.schema)
                writer.write_batch(batch)
            if writer is None:
                raise DataError(Fault(what="the log holds no labelled rows of this time"))
            writer.close()

        path.parent.mkdir(parents=True, exist_ok=True)
        with log_lock(self.folder):
            write_aside(path, written)

    @property
    def _truth(self) -> str:
        return f"truth.{quote_name(self.signature.label)}"

    @property
    def _known(self) -> str:
        """Which rows count."""
        return f"{self._truth} IS NOT NULL AND NOT mirror"

    @property
    def _columns(self) -> str:
        inputs = [f"instance.{quote_name(name)} AS {quote_name(name)}" for name in self.signature.names]
        return ", ".join([*inputs, f"{self._truth} AS {quote_name(self.signature.label)}"])

    def _count(self, sql: str, window: LogWindow) -> int | None:
        with log_lock(self.folder):
            rows = log_sql(self.folder, window, with_truth=True)
            if rows is None or not self.folder.files("feedback"):
                return None
            found = Engine().query(f"{_LOGGED.format(rows)} {sql}").to_pylist()
        return int(found[0]["n"]) if found else None

    def _check(self, endpoint: str) -> None:
        signature = self.signature
        if signature.labels or signature.label_columns or not signature.label:
            what = "rows of the request log have the truth of one label, of one column"
            raise DataError(Fault(what=what, received=", ".join(signature.label_sources) or "no label"))
        with log_lock(self.folder):
            models = logged_models(self.folder).values()
        treated = {name: how for model in models for name, how in model.sensitive.items()}
        why = "no model can be measured on its rows"
        faults = [
            Fault(
                what=f"the log of '{endpoint}' does not hold '{name}' as it was: {why}",
                where=name,
                expected="a column that is logged as it is",
                received=treated[name],
                next_step="deploy candidates by hand",
            )
            for name in signature.names
            if name in treated
        ]
        if faults:
            raise DataError(*faults)
