"""A SQL session: BigQuery's statements, run here over the tables, views and models of a workspace."""
