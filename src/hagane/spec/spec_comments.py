"""What the sections of a commented spec say to their reader, and the alternatives shown commented out."""

from __future__ import annotations

SECTIONS: dict[str, str] = {
    "data": "The rows: a SQL query (DuckDB's, unless `dialect` says bigquery), or paths: files, globs, folders.",
    "label": "The column to predict. Rows in which it is NULL are left out of training, and counted.",
    "dialect": "What the query of `data` is written in: duckdb or bigquery.",
    "defaults": "Whose defaults fill what is left open: hagane's or bigquery's.",
    "transform": (
        "The features, each a SQL expression over the columns (BigQuery's dialect). Edit, add and remove as you like:\n"
        "they are compiled into the model, so serving computes them exactly as training does.\n"
        "ML.X(…) OVER () learns from the training rows, then maps every row."
    ),
    "exclude": "Columns that no feature may read: keys, and what is known only after the answer.",
    "split": "How rows are divided: train (learnt from), eval (watched during training), test (reported).",
    "model": "What is trained. `hagane train SPEC --model TYPE` tries another without an edit.",
    "training": "How training runs.",
    "schema": "What the rows are expected to be, checked before training and before batch prediction.",
    "anomalies": "What happens where they are not.",
    "outliers": "Which training rows are set aside, and kept in a file; one reason is enough.",
    "calibration": "How probabilities are made to mean what they say: fitted on the eval rows, carried in the model.",
    "intervals": "Bounds around a predicted number, between which the label lies in the share `level` of new rows.",
    "evaluation": "What the report holds.",
    "serving": "What the server does with a row on which an expression errs, such as LN(-1); what logs hold.",
    "monitoring": "How the traffic to the model is watched: its windows, and how far a column may move.",
    "card": "What only people know of the model; the rest of its card is measured.",
}
"""Field of `Spec` → its comment."""

ALTERNATIVES: dict[str, tuple[str, ...]] = {
    "data": (
        "data: [2023/*.parquet, 2024/*.parquet]",
        "data: SELECT f.*, w.temp FROM flights AS f LEFT JOIN weather AS w USING (origin, time_hour)",
        "tables: {flights: flights.csv, weather: weather.parquet}",
    ),
    "exclude": ("exclude: [customer_id, refund_amount]",),
    "split": (
        "split: {method: key, column: customer_id}     # rows of one customer stay together",
        "split: {method: time, column: created}        # the last rows are tested on, as in life",
        "split: {method: column, column: part}         # TRAIN, EVAL or TEST, row by row",
        "split: {method: none}                         # train on everything",
        "split: {stratify: true}                       # each class has the same share of every part",
    ),
    "model": (
        "model: {type: logistic_reg}                   # or linear_reg: weights that can be read",
        "model: {type: boosted_tree_classifier, options: {max_tree_depth: 8}}",
        "model: {type: dnn_classifier, options: {hidden_units: [64, 32]}}",
    ),
    "schema": ("schema: schema.yaml                            # hagane schema infer DATA writes one",),
    "training": (
        "  downsample: {rate: 0.1}                     # a tenth of the most frequent class",
        "  auto_class_weights: true                    # rare classes count as much: probabilities are theirs no more",
        "  weight_column: exposure                     # what each row counts",
        "  tensorboard: true                           # event files in the workspace's folder tensorboard",
    ),
    "outliers": (
        "outliers: {rules: {too_long: trip_miles > 500}, z_score: {fare: 8}, iqr: {tips: 5}}",
        "outliers: {isolation_score: {contamination: 0.005}}",
    ),
    "calibration": ("calibration: {method: auto}                    # platt, isotonic or none, by log loss",),
    "intervals": ("intervals: {method: split_conformal, level: 0.9}  # or quantile: as wide as each row needs",),
    "evaluation": ("  slices: [country, device]                   # the metrics for each value, too",),
    "serving": (
        "serving: {on_error: null}                     # go on with NULL instead of refusing the row",
        "serving: {sensitive: {name: leave_out, customer: hash}}  # in the request log",
    ),
    "monitoring": ("monitoring: {every: hour, thresholds: {fare: 0.1}}  # hagane monitor ENDPOINT",),
    "card": ("card: {intended_use: …, out_of_scope: …, limits: …, contact: …}",),
}
"""Field of `Spec` → lines shown as comments behind it."""
