"""Searching the hyperparameters of a spec: spaces, studies, trials. Nothing here reads data or trains."""
