"""`override_spec`: a spec with what the command line says put in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast, get_args, get_type_hints

from msgspec.structs import replace

from hagane.fronts.cli.one_of import one_of
from hagane.spec.spec import LabelForm, Model, Spec, Split, Training
from hagane.spec.warm_start import WarmStartOptions, as_warm_start

FORMS: tuple[str, ...] = get_args(LabelForm)
METHODS: tuple[str, ...] = get_args(get_type_hints(Split)["method"])


def override_spec(
    spec: Spec,
    *,
    label: tuple[str, ...] = (),
    label_form: str | None = None,
    model: str | None = None,
    name: str | None = None,
    options: Mapping[str, str] | None = None,
    split: str | None = None,
    exclude: tuple[str, ...] = (),
    memory_limit: str | None = None,
    defaults: str | None = None,
    warm_start: str | None = None,
) -> Spec:
    """The spec with every part that is given replaced; `options` are added to the spec's unless the family changes.

    Raises UsageError for a split that cannot be read, SpecError for an option's value that is not YAML.

    >>> override_spec(Spec(data="f.csv", label="y"), split="time:created").split.column
    'created'
    """
    chosen = _model(spec.model, model, options or {})
    return replace(
        spec,
        label=label or spec.label,
        label_form=_label_form(spec, label, label_form),
        name=spec.name if name is None else name,
        model=chosen,
        split=spec.split if split is None else parse_split(split, spec.split),
        exclude=tuple(dict.fromkeys((*spec.exclude, *exclude))),
        defaults=spec.defaults if defaults is None else parse_defaults(defaults),
        training=_training(spec.training, memory_limit, warm_start),
    )


def _label_form(spec: Spec, label: tuple[str, ...], form: str | None) -> LabelForm | None:
    """The form that is given; else the spec's, unless the label is another."""
    if form is None:
        return None if label else spec.label_form
    return cast(LabelForm, one_of("--label-form", form, FORMS))


def _training(base: Training, memory_limit: str | None, warm_start: str | None) -> Training:
    if memory_limit:
        base = replace(base, memory_limit=memory_limit)
    if warm_start is None:
        return base
    asked = as_warm_start(base.warm_start) or WarmStartOptions()
    return replace(base, warm_start=replace(asked, model=warm_start))


def parse_split(text: str, base: Split) -> Split:
    """`METHOD` or `METHOD:COLUMN`, with the fractions and the seed of `base`.

    >>> parse_split("key:customer_id", Split(test_fraction=0.2)).test_fraction
    0.2
    """
    method, colon, column = text.partition(":")
    return replace(base, method=one_of("--split", method, METHODS), column=column if colon else None)


def parse_defaults(text: str) -> Literal["hagane", "bigquery"]:
    """Whose defaults, of what follows `--defaults`. Raises UsageError for anything else.

    >>> parse_defaults("bigquery")
    'bigquery'
    """
    return cast(Literal["hagane", "bigquery"], one_of("--defaults", text, ("hagane", "bigquery")))


def option_value(text: str) -> Any:
    """What an option's text stands for: a number, true, false, null, a list or mapping of YAML, or a text.

    >>> option_value("8"), option_value("[64, 32]"), option_value("gain")
    (8, [64, 32], 'gain')
    """
    from hagane.errors import SpecError
    from hagane.spec.yaml_node import node_value, parse_yaml

    if not text.strip():
        return None
    faults: list[Any] = []
    value = node_value(parse_yaml(text, path=f"--option …={text}", faults=faults))
    if faults:
        raise SpecError(*faults)
    return value


def _model(base: Model, type_: str | None, options: Mapping[str, str]) -> Model:
    kept = base.options if type_ in (None, base.type) else {}
    return Model(type=type_ or base.type, options=kept | {name: option_value(text) for name, text in options.items()})
