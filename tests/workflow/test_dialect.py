"""`dialect: bigquery` of a spec: its query runs with BigQuery's meaning."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hagane.spec.spec import Spec
from hagane.workflow.train import train
from hagane.workspace.workspace import Workspace


def test_a_spec_says_the_dialect(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"x": list(range(60)), "y": [float(i % 7) for i in range(60)]}), path)
    spec = Spec(data=f"SELECT MOD(x, 7) AS x, SAFE_DIVIDE(y, 1) AS y FROM `{path}`", dialect="bigquery", label="y")
    trained = train(spec, workspace=Workspace(tmp_path / "workspace"))
    assert trained.spec.dialect == "bigquery"
