"""Anomalies: what a table is expected to be, inferred from statistics, and where new rows depart from it."""
