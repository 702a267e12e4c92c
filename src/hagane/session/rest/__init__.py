"""BigQuery's REST API on this machine: what its clients speak, answered by sessions over a workspace."""
