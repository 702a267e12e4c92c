"""Several processes that serve on one port: who starts, watches, replaces and ends them."""
