"""BigQuery DataFrames and bigframes.ml against a server, run in an environment of its own: what it got, as JSON."""

from __future__ import annotations

import json
import sys
import warnings

warnings.simplefilter("ignore")

import bigframes.pandas as bpd  # noqa: E402
import pandas as pd  # noqa: E402
from bigframes.ml.linear_model import LinearRegression  # noqa: E402
from google.auth.credentials import AnonymousCredentials  # noqa: E402

bpd.options.bigquery.credentials = AnonymousCredentials()
bpd.options.bigquery.project = "hagane"
bpd.options.bigquery.location = "local"
bpd.options.bigquery.ordering_mode = "partial"
bpd.options.bigquery.client_endpoints_override = {"bqclient": sys.argv[1]}
bpd.options.display.progress_bar = None

told = {}
table = bpd.read_gbq("SELECT 1 AS a, 2.5e0 AS b UNION ALL SELECT 2, 3.5e0")
told["read_gbq"] = table.sort_values("a").to_pandas().to_dict("list")
rides = bpd.read_pandas(
    pd.DataFrame({"km": [float(n) for n in range(1, 41)], "price": [2.0 * n + 3 for n in range(1, 41)]})
)
told["mean"] = float(rides["price"].mean())
model = LinearRegression()
model.fit(rides[["km"]], rides[["price"]])
predicted = model.predict(bpd.read_pandas(pd.DataFrame({"km": [50.0]})))
told["predicted"] = round(float(predicted["predicted_price"].sum()), 3)
score = model.score(rides[["km"]], rides[["price"]])
told["r2_score"] = round(float(score["r2_score"].sum()), 6)
sys.stdout.write(json.dumps(told) + "\n")
