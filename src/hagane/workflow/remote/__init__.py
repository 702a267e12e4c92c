"""Remote models: an endpoint far away that answers ML.PREDICT."""
