"""Options of a model family: checked when made, every fault at once, each with its range.

A family declares a frozen Struct that inherits `FamilyOptions`; a range is `Annotated[float, msgspec.Meta(gt=0)]`, a
choice is a `Literal`, and rules across options go into `cross_faults`.
"""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from hagane.errors import Fault, SpecError, nearest
from hagane.features.feature import Feature
from hagane.spec.nearest_choice import nearest_choice
from hagane.spec.spec import Training
from hagane.spec.value_text import value_text

WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", type(None): "null",
         Any: "anything"}  # fmt: skip
PLACE = "model.options"
MAX_NUMBER = 2.0**63
"""No option is a number as large as this, or infinite, or not a number."""
BOUNDS = {"gt": "> {}", "ge": ">= {}", "lt": "< {}", "le": "<= {}"}
Made = TypeVar("Made", bound="FamilyOptions")


class OptionPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An element of an option that is a list of mappings."""

    @classmethod
    def deep_faults(cls, values: Mapping[str, Any], place: str) -> Sequence[Fault]:
        """Faults within `values`, which have the right types, at `place`: `model.options.members[0]`."""
        return ()


class FamilyOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of every family's options; making one with a wrong value raises SpecError."""

    shaping: ClassVar[tuple[str, ...]] = ()
    """The options in which a model must agree with the one that it begins with."""

    @property
    def marks(self) -> tuple[str, ...]:
        """The column that singles rows out for the fit (`features.no_label`), if any; it is no feature."""
        return ()

    def for_rows(self: Made, num_rows: int) -> Made:
        """The same with what depends on the number of training rows written out."""
        return self

    def __post_init__(self) -> None:
        faults = [*value_faults(type(self), msgspec.structs.asdict(self)), *self.cross_faults()]
        if faults:
            raise SpecError(*faults)

    def cross_faults(self) -> Sequence[Fault]:
        """Faults of options that do not go together."""
        return ()

    def training_faults(self, training: Training) -> Sequence[Fault]:
        """Faults of options that do not go with how the spec trains: what its rows weigh, say."""
        return ()

    def feature_faults(self, features: Sequence[Feature], num_classes: int, num_labels: int = 1) -> Sequence[Fault]:
        """Faults that show only once the features are known, found before anything is encoded.

        `num_classes` is 0 where a number is predicted; of several labels each has so many.
        """
        return ()

    def code(self) -> bytes:
        """What else the result depends on: the source of a user's own class, say."""
        return b""


def options_from(family: str, options: type[Made], values: Mapping[str, Any]) -> Made:
    """`options` made from `values`: JSON or YAML values, the names of choices in any case.

    Raises SpecError naming every unknown option, wrong type and value out of range.

    >>> class Options(FamilyOptions, frozen=True, kw_only=True):
    ...     learn_rate: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.1
    >>> options_from("trees", Options, {"learn_rate": 1}).learn_rate
    1.0
    >>> options_from("trees", Options, {"learn_rate": 2, "lern_rate": 1})
    Traceback (most recent call last):
    ...
    hagane.errors.SpecError: 2 faults
    1. trees has no option 'lern_rate'
      where: model.options.lern_rate
      expected: one of learn_rate
      did you mean: learn_rate
    2. option 'learn_rate' is out of range or of the wrong type
      where: model.options.learn_rate
      expected: a number > 0 and <= 1
      received: 2
    """
    hints = option_types(options)
    known = {name: with_lowered_choices(hints[name], value) for name, value in values.items() if name in hints}
    faults = [_unknown(family, name, hints) for name in values if name not in hints]
    faults += value_faults(options, known)
    faults += [_missing(family, name, hints) for name in _required(options) if name not in values]
    if faults:
        raise SpecError(*faults)
    return options(**{name: msgspec.convert(value, hints[name]) for name, value in known.items()})


def narrowed(options: FamilyOptions, base: type[Made]) -> Made:
    """`options` as a `base` of their class has them: of all that it has, the same."""
    return base(**{name: getattr(options, name) for name in base.__struct_fields__})


def option_types(options: type[FamilyOptions]) -> dict[str, Any]:
    """Option name → its annotated type."""
    return _hints(options)


@functools.cache
def _hints(struct: type[msgspec.Struct]) -> dict[str, Any]:
    hints = get_type_hints(struct, include_extras=True)
    return {field.name: hints[field.name] for field in msgspec.structs.fields(struct)}


def default_values(options: type[msgspec.Struct]) -> dict[str, Any]:
    """Option name → its default, of those that have one.

    >>> class Options(FamilyOptions, frozen=True, kw_only=True):
    ...     module: str
    ...     patience: int = 5
    >>> default_values(Options)
    {'patience': 5}
    """
    fields = [field for field in msgspec.structs.fields(options) if not field.required]
    return {
        field.name: field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        for field in fields
    }


def value_faults(options: type[FamilyOptions], values: Mapping[str, Any]) -> list[Fault]:
    """A fault for each value that its option's type refuses."""
    hints = option_types(options)
    return [fault for name, value in values.items() for fault in _faults_of(name, hints[name], value)]


def _faults_of(name: str, hint: Any, value: Any) -> Iterator[Fault]:
    """Those of one option; of a list of mappings those of each."""
    part = _part_of(hint)
    if part is None or not isinstance(value, list | tuple):
        yield from () if _accepts(hint, value) else (_wrong(name, hint, value),)
        return
    for number, each in enumerate(value):
        yield from _part_faults(f"{name}[{number}]", part, each)


def _part_faults(place: str, part: type[OptionPart], given: Any) -> Iterator[Fault]:
    values = msgspec.structs.asdict(given) if isinstance(given, part) else given
    if not isinstance(values, Mapping):
        yield _wrong(place, part, given)
        return
    hints = _hints(part)
    wrong = [name for name in values if name in hints and not _accepts(hints[name], values[name])]
    yield from (_unknown(place, name, hints, f"{place}.") for name in values if name not in hints)
    yield from (_wrong(f"{place}.{name}", hints[name], values[name]) for name in wrong)
    yield from (_missing(place, name, hints, f"{place}.") for name in _required(part) if name not in values)
    right = {name: value for name, value in values.items() if name in hints and name not in wrong}
    yield from part.deep_faults(right, f"{PLACE}.{place}")


def _part_of(hint: Any) -> type[OptionPart] | None:
    """What the elements of a list are made as, where that is a mapping of its own."""
    inner = get_args(hint)[0] if get_origin(hint) is tuple else None
    return inner if isinstance(inner, type) and issubclass(inner, OptionPart) else None


def describe_type(hint: Any) -> str:
    """What an option takes, in words.

    >>> describe_type(Annotated[int, msgspec.Meta(ge=1)] | None)
    'a whole number >= 1, or null'
    """
    origin = get_origin(hint)
    if origin is Annotated:
        base, *metas = get_args(hint)
        bounds = " and ".join(text for meta in metas for text in _bounds(meta))
        return f"{describe_type(base)} {bounds}".rstrip()
    if origin is Literal:
        return "one of " + ", ".join(str(choice) for choice in get_args(hint))
    if origin in (Union, types.UnionType):
        return ", or ".join(describe_type(part) for part in get_args(hint))
    if origin is tuple:
        return f"a list, each {describe_type(get_args(hint)[0])}"
    if origin is dict:
        return f"names, each with {describe_type(get_args(hint)[1])}"
    if isinstance(hint, type) and issubclass(hint, OptionPart):
        return "a mapping with " + ", ".join(hint.__struct_fields__)
    return WORDS.get(hint, str(hint))


def _bounds(meta: Any) -> Iterator[str]:
    for name, text in BOUNDS.items():
        if (value := getattr(meta, name, None)) is not None:
            yield text.format(value)


def _accepts(hint: Any, value: Any) -> bool:
    if _is_too_large(value):
        return False
    try:
        msgspec.convert(value, hint)
    except (msgspec.ValidationError, OverflowError):
        return False
    return True


def _is_too_large(value: Any) -> bool:
    return isinstance(value, int | float) and not abs(value) < MAX_NUMBER


def with_lowered_choices(hint: Any, value: Any) -> Any:
    """The value with the names of the option's choices in small letters, as they are written here.

    >>> with_lowered_choices(Literal["gbtree", "dart"], "DART"), with_lowered_choices(str, "DART")
    ('dart', 'DART')
    """
    if get_origin(hint) is dict and isinstance(value, Mapping):
        return {name: with_lowered_choices(get_args(hint)[1], part) for name, part in value.items()}
    return value.lower() if isinstance(value, str) and value.lower() in _choices(hint) else value


def _unknown(family: str, name: str, known: Mapping[str, Any], within: str = "") -> Fault:
    return Fault(
        what=f"{family} has no option {name!r}",
        where=f"{PLACE}.{within}{name}",
        expected="one of " + ", ".join(known),
        nearest=nearest(name, known),
    )


def _required(options: type[msgspec.Struct]) -> list[str]:
    """Options without a default."""
    return [field.name for field in msgspec.structs.fields(options) if field.required]


def _missing(family: str, name: str, hints: Mapping[str, Any], within: str = "") -> Fault:
    return Fault(
        what=f"{family} needs the option {name!r}",
        where=f"{PLACE}.{within}{name}",
        expected=describe_type(hints[name]),
    )


def _wrong(name: str, hint: Any, value: Any) -> Fault:
    return Fault(
        what=f"option {name!r} is out of range or of the wrong type",
        where=f"{PLACE}.{name}",
        expected=describe_type(hint) + (", below 2^63" if _is_too_large(value) and math.isfinite(value) else ""),
        received=value_text(value),
        nearest=_nearest_choice(hint, value),
        next_step="leave the option out, and it is its default" if value is None else "",
    )


def _nearest_choice(hint: Any, value: Any) -> str:
    """The choice that was meant by a text, or by the first wrong one of several; for one value the list of it."""
    if isinstance(value, Mapping | list | tuple):
        within = [part for part in (hint, *get_args(hint)) if get_origin(part) in (tuple, dict)]
        inner = [get_args(part)[get_origin(part) is dict] for part in within]
        items = value.values() if isinstance(value, Mapping) else value
        wrong = ((part, item) for part in inner for item in items if not _accepts(part, item))
        return next((_nearest_choice(part, item) for part, item in wrong), "")
    if _accepts(hint, (value,)):  # one for a list of one
        return value_text([value])
    choices = _choices(hint)
    return nearest_choice(value, [str(choice) for choice in choices]) if isinstance(value, str) and choices else ""


def _choices(hint: Any) -> list[Any]:
    """What may be chosen from, where the type is a choice or may be one."""
    return [choice for part in (hint, *get_args(hint)) if get_origin(part) is Literal for choice in get_args(part)]
