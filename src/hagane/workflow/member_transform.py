"""The features of an ensemble's members: written for each where the spec has none, checked where it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from hagane.errors import ExpressionError, Fault, SpecError, nearest
from hagane.features.automatic import AutomaticTransform
from hagane.features.lower import has_slots
from hagane.features.resolve_transform import resolve_transform
from hagane.models.ensemble_options import EnsembleOptions, Member, place_of
from hagane.models.family import Family
from hagane.sql.bind import bind_all
from hagane.sql.nullable import can_be_null
from hagane.types import Schema, SqlType

SCALARS = (SqlType.BOOL, SqlType.INT64, SqlType.FLOAT64)
Automatic = Callable[[Family], AutomaticTransform]


def member_transform(options: EnsembleOptions, automatic: Automatic) -> tuple[AutomaticTransform, EnsembleOptions]:
    """A transform with what suits each member's family, as automatic preprocessing writes it, and who sees what of it.

    What several see is written once; where families want a column in different forms, a later one has another name:
    `age` as it is, for trees, `age_scaled` for networks.
    """
    first, *others = _families(options)
    whole = automatic(first)
    expressions, seen = dict(whole.expressions), {_wants(first): tuple(whole.expressions)}
    for family in others:
        names = _added(automatic(family).expressions, expressions, "scaled" if family.scales else "filled")
        seen[_wants(family)] = tuple(names)
    members = tuple(
        member if member.features is not None else msgspec.structs.replace(member, features=seen[_wants(member.family)])
        for member in options.members
    )
    return whole._replace(expressions=expressions), msgspec.structs.replace(options, members=members)


def with_resolved_features(options: EnsembleOptions, transform: Mapping[str, str], schema: Schema) -> EnsembleOptions:
    """The members with the names that their features have once each cross and polynomial is a feature of its own.

    Raises SpecError: names that are no features, features that may be NULL for a member that takes no missing values.
    """
    if faults := list(member_feature_faults(options, transform, schema)):
        raise SpecError(*faults)
    parts = _parts(transform, schema)

    def resolved(member: Member) -> Member:
        if member.features is None:
            return member
        names = tuple(part for name in member.features for part in parts.get(name, (name,)))
        return msgspec.structs.replace(member, features=names)

    return msgspec.structs.replace(options, members=tuple(map(resolved, options.members)))


def member_feature_faults(options: EnsembleOptions, transform: Mapping[str, str], schema: Schema) -> Iterator[Fault]:
    """What of the features that the members name can be seen to be wrong without data."""
    parts = _parts(transform, schema)
    missing = _that_may_be_missing(transform, schema)
    known = [*parts, *(part for names in parts.values() for part in names)]
    for number, member in enumerate(options.members):
        place = f"{place_of(number)}.features"
        for name in member.features or ():
            if name not in known:
                yield _unknown(name, place, list(parts))
        if not member.family.accepts_missing:
            seen = transform if member.features is None else member.features
            found = {name: missing[name] for name in seen if name in missing}
            yield from (_missing_fault(name, better, place, member) for name, better in found.items())


def _families(options: EnsembleOptions) -> list[Family]:
    """One of those that want their features alike; first one that takes numbers as they are."""
    found = {_wants(member.family): member.family for member in reversed(options.members)}
    return [found[wants] for wants in sorted(found, key=lambda wants: (wants[0], not wants[1]))]


def _wants(family: Family) -> tuple[bool, bool]:
    return family.scales, family.accepts_missing


def _added(expressions: Mapping[str, str], to: dict[str, str], suffix: str) -> Iterator[str]:
    """Add to the features what none of them is yet; the name of each."""
    for name, sql in expressions.items():
        named = name
        while named in to and to[named] != sql:
            named = f"{named}_{suffix}"
        to[named] = sql
        yield named


def _parts(transform: Mapping[str, str], schema: Schema) -> dict[str, tuple[str, ...]]:
    """Entry of the transform → the features that it becomes."""
    return {
        name: tuple(resolve_transform({name: sql}, schema, accepts_missing=True)) for name, sql in transform.items()
    }


def _that_may_be_missing(transform: Mapping[str, str], schema: Schema) -> dict[str, str]:
    """Feature that may be NULL → how to write one that is not."""
    resolved = resolve_transform(transform, schema, accepts_missing=True)
    found = {}
    for name, expression in bind_all(resolved, schema).items():
        if expression.type in SCALARS and not has_slots(expression) and can_be_null(expression):
            found[name] = _never_missing(name, resolved.get(name, name), schema)
    return found


def _never_missing(name: str, sql: str, schema: Schema) -> str:
    try:
        return resolve_transform({name: sql}, schema, accepts_missing=False)[name]
    except ExpressionError:
        return f"COALESCE({sql}, 0)"


def _unknown(name: str, place: str, known: Sequence[str]) -> Fault:
    return Fault(what=f"the transform has no feature {name!r}", where=place, expected="one of " + ", ".join(known),
                 nearest=nearest(name, known))  # fmt: skip


def _missing_fault(name: str, better: str, place: str, member: Member) -> Fault:
    return Fault(
        what=f"the feature {name!r} may be NULL, and {member.type} takes no missing values",
        where=place,
        expected="features that are never NULL",
        next_step=f"add a feature for it to the transform, {name}_filled: {better}, and name that one here",
    )
