"""The OPTIONS of CREATE MODEL: what BigQuery ML knows, of which model types, and where each stands in a spec."""
