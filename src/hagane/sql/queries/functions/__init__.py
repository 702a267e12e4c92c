"""The functions of queries: a module a chapter, each with its `FUNCTIONS`.

An entry is the lines of a function's signatures (`overload`), or what writes a `Call`.
"""

MODULES = tuple(
    f"hagane.sql.queries.functions.{name}"
    for name in (
        "numbers", "text", "patterns", "arrays", "dates", "moments", "formats", "intervals", "ranges", "json",
        "aggregates", "approximate", "navigation", "hashes", "network", "geography", "ml", "utilities",
        "conditionals", "monitoring",
    )
)  # fmt: skip
