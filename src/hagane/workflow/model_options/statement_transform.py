"""`statement_transform`: the features that TRANSFORM(…) names, stars written out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlglot import exp

from hagane.errors import Fault, nearest
from hagane.sql.bigquery_ml import BigQueryMl
from hagane.sql.statement import CreateModel, SelectItem
from hagane.types import Schema

NEEDED = "TRANSFORM leaves out {}, which the model needs"


class Feature(NamedTuple):
    """One feature of TRANSFORM."""

    name: str
    expression: str
    item: SelectItem
    """The item that it came from; a fault of the feature lies there."""

    @property
    def is_bare(self) -> bool:
        """Whether it is a column as it is, under its own name."""
        return bare_column(self.expression).lower() == self.name.lower()


class StatementTransform(NamedTuple):
    """What TRANSFORM says."""

    features: tuple[Feature, ...]
    """Without the columns that are no features."""
    faults: tuple[Fault, ...]

    @property
    def expressions(self) -> dict[str, str]:
        """Feature → SQL, as a spec has it."""
        return {feature.name: feature.expression for feature in self.features}


def statement_transform(statement: CreateModel, schema: Schema | None, bare: Sequence[str]) -> StatementTransform:
    """The features of a statement that has a TRANSFORM.

    `schema` is the query's: without it, `*` cannot be written out, and is a fault. `bare` are the columns that the
    model reads besides its features (the label, what divides the rows): each must stand there as it is, and is taken
    out.
    """
    assert statement.transform is not None
    faults: list[Fault] = []
    features: dict[str, Feature] = {}  # by name in small letters, of which case is no part
    for item in statement.transform:
        for feature in _features(item, schema, statement, faults):
            name = feature.name.lower()
            if name in features and not (item.star or features[name].item.star):
                faults.append(_at(statement, item, f"two features are called '{feature.name}'",
                                  next_step="rename one of them: AS name"))  # fmt: skip
            if name not in features or not item.star:
                features[name] = feature
    for name in bare:
        faults += _bare_faults(statement, features.pop(name.lower(), None), name)
    return StatementTransform(tuple(features.values()), tuple(faults))


def bare_column(expression: str) -> str:
    """The column that an expression is, and nothing more; else an empty string.

    >>> bare_column("`hours-per-week`"), bare_column("LN(x)"), bare_column("trip.fare")
    ('hours-per-week', '', '')
    """
    text = expression.strip()
    quoted = len(text) > 2 and text[0] == text[-1] == "`" and "`" not in text[1:-1]
    return text[1:-1] if quoted else text if text.isidentifier() else ""


def _features(
    item: SelectItem, schema: Schema | None, statement: CreateModel, faults: list[Fault]
) -> Iterator[Feature]:
    if item.star:
        yield from _starred(item, schema, statement, faults)
    elif item.name:
        fields = _fields(item, None) if item.expression[:6].upper() == "STRUCT" else None
        of_struct = [Feature(f"{item.name}_{name}", expression, item) for name, expression in fields or ()]
        yield from of_struct or [Feature(item.name, item.expression, item)]
    else:
        step = "give it a name: AS name"
        faults.append(_at(statement, item, "this feature has no name", next_step=step))


def _starred(item: SelectItem, schema: Schema | None, statement: CreateModel, faults: list[Fault]) -> Iterator[Feature]:
    """What a star stands for: every column, or every field of a STRUCT."""
    found = _fields(item, schema) if item.expression else _columns(schema)
    if found is None:
        what = "the fields of this are not known" if item.expression else "the columns of the query are not known"
        step = "name the fields, each with AS name" if item.expression else "name the columns"
        faults.append(_at(statement, item, what, next_step=step))
        return
    names = [name for name, _ in found]
    for name in (*item.except_columns, *(each.name for each in item.replace)):
        if name.lower() not in (each.lower() for each in names):
            what = f"* has no column '{name}'"
            faults.append(_at(statement, item, what, nearest=nearest(name, names), expected=_listed(names)))
    dropped = {name.lower() for name in item.except_columns}
    replaced = {each.name.lower(): each for each in item.replace}
    for name, expression in found:
        if name.lower() in replaced:
            yield Feature(name, replaced[name.lower()].expression, replaced[name.lower()])
        elif name.lower() not in dropped:
            yield Feature(name, expression, item)


def _columns(schema: Schema | None) -> list[tuple[str, str]] | None:
    if schema is None:
        return None
    return [(column.name.replace(".", "_"), quoted(column.name)) for column in schema]


def _fields(item: SelectItem, schema: Schema | None) -> list[tuple[str, str]] | None:
    """Name and SQL of each field of a column that is a STRUCT, or of STRUCT(a AS x, …)."""
    column = bare_column(item.expression)
    if column:
        names = [each.name for each in schema or () if each.name.lower().startswith(f"{column.lower()}.")]
        return [(name.partition(".")[2], quoted(name)) for name in names] or None
    trees = BigQueryMl().parse(item.expression)
    tree = trees[0] if trees else None
    if not isinstance(tree, exp.Struct):
        return None
    fields = [each if isinstance(each, exp.PropertyEQ) else None for each in tree.expressions]
    if all(fields):
        return [(field.name, field.expression.sql(dialect=BigQueryMl)) for field in fields if field is not None]
    return None


def quoted(name: str) -> str:
    """A column's name in SQL; of a field, its path.

    >>> quoted("trip.fare"), quoted("hours-per-week")
    ('trip.fare', '`hours-per-week`')
    """
    return ".".join(part if part.isidentifier() and part.isascii() else f"`{part}`" for part in name.split("."))


def _bare_faults(statement: CreateModel, feature: Feature | None, name: str) -> Iterator[Fault]:
    if feature is None:
        first, last = (statement.transform or ())[0], (statement.transform or ())[-1]
        yield Fault(what=NEEDED.format(f"'{name}'"), sql=statement.sql, start=first.start, end=last.end,
                    next_step=f"add {quoted(name)}")  # fmt: skip
    elif not feature.is_bare:
        what = f"'{name}' must stand in TRANSFORM as it is"
        step = f"write {quoted(name)}, and compute it in the query behind AS"
        yield _at(statement, feature.item, what, next_step=step)


def _at(statement: CreateModel, item: SelectItem, what: str, **parts: str) -> Fault:
    return Fault(what=what, sql=statement.sql, start=item.start, end=item.end, **parts)


def _listed(names: Sequence[str], most: int = 20) -> str:
    return "one of " + ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
