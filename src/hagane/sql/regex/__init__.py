"""Regular expressions as REGEXP_EXTRACT needs them: read, understood, and written again for the graph."""
