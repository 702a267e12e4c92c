"""`as_spelled`: the sections of a spec with columns named as the query spells them: case is no matter in BigQuery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hagane.types import Schema


def as_spelled(sections: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """The sections, in which a name that only another case tells from a column's is that column's.

    >>> from hagane.types import Column, SqlType
    >>> sections = {"label": "LATE", "exclude": [], "split": {}, "training": {}, "model": {"options": {}}}
    >>> as_spelled(sections, Schema((Column("late", SqlType.BOOL),)))["label"]
    'late'
    """
    spelled = {name.lower(): name for name in schema.names}

    def of(name: Any) -> Any:
        if isinstance(name, list):
            return [of(each) for each in name]
        known = not isinstance(name, str) or name in schema.names
        return name if known else spelled.get(name.lower(), name)

    def within(section: Mapping[str, Any], key: str) -> dict[str, Any]:
        return {**section, key: of(section[key])} if key in section else dict(section)

    model = sections["model"]
    return {
        **sections,
        "label": of(sections["label"]),
        "exclude": of(sections["exclude"]),
        "split": within(sections["split"], "column"),
        "training": within(sections["training"], "weight_column"),
        "model": {**model, "options": within(model["options"], "kmeans_init_col")},
    }
