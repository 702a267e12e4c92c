"""The %%bigquery magic in IPython against a server, run in an environment of its own: what it got, as JSON."""

from __future__ import annotations

import json
import sys

import bigquery_magics
from google.auth.credentials import AnonymousCredentials
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "bigquery_magics")
bigquery_magics.context.credentials = AnonymousCredentials()
bigquery_magics.context.project = "hagane"
bigquery_magics.context.bigquery_client_options = {"api_endpoint": sys.argv[1]}

shell.run_cell_magic(
    "bigquery",
    "--use_rest_api",
    "CREATE TABLE rides AS SELECT n AS km, n * 2.0e0 AS price FROM UNNEST(GENERATE_ARRAY(1, 40)) AS n",
)
shell.run_cell_magic(
    "bigquery",
    "--use_rest_api",
    "CREATE MODEL price OPTIONS (model_type = 'LINEAR_REG', input_label_cols = ['price']) AS SELECT * FROM rides",
)
shell.run_cell_magic(
    "bigquery",
    'found --use_rest_api --params {"km": 10}',
    "SELECT km, predicted_price FROM ML.PREDICT(MODEL price, (SELECT @km AS km))",
)
found = shell.user_ns["found"]
sys.stdout.write(json.dumps({"km": int(found.km[0]), "price": round(float(found.predicted_price[0]), 3)}) + "\n")
