"""`asked_spec`: the spec that a command asks for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer
from msgspec.structs import replace

from hagane.fronts.cli.options import one_or_many, pairs
from hagane.fronts.cli.override_spec import override_spec
from hagane.fronts.cli.override_strategy import override_strategy
from hagane.fronts.cli.override_weights import override_weights
from hagane.spec.read_yaml import read_spec
from hagane.spec.spec import Spec

if TYPE_CHECKING:
    from hagane.fronts.cli.spec_arguments import SpecArguments

SPEC_SUFFIXES = (".yaml", ".yml")


def asked_spec(asked: SpecArguments) -> Spec:
    """The spec of the file, or one for data and label, with every option put in the place of its own.

    Raises SpecError for a file or a value that cannot be read, UsageError and typer.BadParameter for options.
    """
    spec = override_spec(
        _declared(asked),
        label=tuple(asked.label or ()),
        label_form=asked.label_form,
        model=asked.model,
        name=asked.name,
        options=pairs(asked.option, "--option"),
        split=asked.split,
        exclude=tuple(asked.exclude or ()),
        memory_limit=asked.memory_limit,
        defaults=asked.defaults,
        warm_start=asked.warm_start,
    )
    spec = override_weights(
        spec,
        weight_column=asked.weight_column,
        auto_class_weights=asked.auto_class_weights,
        downsample=asked.downsample,
        stratify=asked.stratify,
    )
    spec = override_strategy(spec, strategy=asked.strategy, nodes=asked.nodes, device=asked.device)
    if asked.tensorboard is not None:
        spec = replace(spec, training=replace(spec.training, tensorboard=str(asked.tensorboard)))
    return spec


def spec_path(source: list[str]) -> str | None:
    """The file of a spec where the command names one, None for data."""
    return source[0] if len(source) == 1 and Path(source[0]).suffix.lower() in SPEC_SUFFIXES else None


def _declared(asked: SpecArguments) -> Spec:
    path, tables = spec_path(asked.source), pairs(asked.table, "--table")
    if path is not None:
        spec = read_spec(path)
        return replace(spec, tables=spec.tables | tables)
    if not asked.label and asked.model is None:
        raise typer.BadParameter("--label is needed with DATA: which column is to be predicted?")
    return Spec(data=one_or_many(asked.source), label=tuple(asked.label or ()), tables=tables)
