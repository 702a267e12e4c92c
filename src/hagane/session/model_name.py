"""`model_name`: the registry's name of the model that a statement names."""

from __future__ import annotations

from collections.abc import Collection

from hagane.workspace.table_name import DEFAULT_DATASET


def model_name(path: str, *, dataset: str = DEFAULT_DATASET) -> str:
    """`project.dataset.model`, `dataset.model` or `model` as the registry has it; `dataset` is that of bare names.

    >>> model_name("p.lake.late"), model_name("main.late"), model_name("late"), model_name("late", dataset="lake")
    ('lake.late', 'late', 'late', 'lake.late')
    """
    parts = path.split(".")
    of_dataset, name = parts[-2] if len(parts) > 1 else dataset, parts[-1]
    return name if of_dataset == DEFAULT_DATASET else f"{of_dataset}.{name}"


def dataset_of(name: str, datasets: Collection[str]) -> tuple[str, str]:
    """Dataset and model that a name of the registry stands for: a name without one of these datasets is `main`'s.

    >>> dataset_of("lake.late", ["lake"]), dataset_of("late.v2", ["lake"])
    (('lake', 'late'), ('main', 'late.v2'))
    """
    dataset, dot, rest = name.partition(".")
    return (dataset, rest) if dot and dataset in datasets else (DEFAULT_DATASET, name)
