"""What a server counts, over all its processes, and Prometheus' two formats of it."""
