"""`given_options`: the options of a statement, each with what is known of it; faults of names and of values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlglot import exp

from hagane.errors import Fault, nearest
from hagane.models import FAMILIES, SEARCHED, get_family
from hagane.models.options import FamilyOptions, option_types
from hagane.spec.value_text import value_text
from hagane.sql.hparams import Hparam
from hagane.sql.statement import CreateModel, OptionClause
from hagane.tuning.automl_options import AutoMlOptions
from hagane.workflow.model_options.known_option import KIND_WORDS, KnownOption
from hagane.workflow.model_options.known_options import KNOWN_OPTIONS
from hagane.workflow.model_options.model_types import BIGQUERY_TYPES, REMOTE, has_label

SHARED = frozenset(
    (
        *("model_type", "data_split_method", "data_split_eval_fraction", "data_split_test_fraction", "data_split_col"),
        *("num_trials", "max_parallel_trials", "hparam_tuning_algorithm", "hparam_tuning_objectives"),
        *("description", "labels", "expiration_timestamp"),
        *("model_registry", "vertex_ai_model_id", "vertex_ai_model_version_aliases", "kms_key_name"),
    )
)
"""Options of every family that BigQuery ML does not have."""
OF_LABELS = frozenset(("input_label_cols", "auto_class_weights", "class_weights", "instance_weight_col", "warm_start"))
"""Options of those among them that predict a label."""


class GivenOption(NamedTuple):
    """One option of a statement."""

    clause: OptionClause
    known: KnownOption | None
    """None of an option that is a family's own, and not BigQuery ML's."""

    @property
    def value(self) -> Any:
        """Its value."""
        return self.clause.value


def given_options(statement: CreateModel, model_type: str, faults: list[Fault]) -> dict[str, GivenOption]:
    """Option → what was given, of those that `model_type` takes and whose value is no NULL; `faults` takes the others.

    `labels` of texts are `input_label_cols`, as in BigQuery ML's first release.
    """
    own = own_options(model_type)
    given: dict[str, GivenOption] = {}
    for clause in statement.options:
        name = "input_label_cols" if clause.name == "labels" and _is_texts(clause.value) else clause.name
        known = KNOWN_OPTIONS.get(name)
        found = [*_name_faults(statement, clause, name, model_type, own), *_value_faults(statement, clause, known)]
        if name in given:
            found.append(clause_fault(statement, clause, f"{name} is given twice", next_step="remove one of them"))
        faults += found
        if not found and clause.value is not None:
            given[name] = GivenOption(clause, known)
    return given


def clause_fault(statement: CreateModel, clause: OptionClause, what: str, **parts: str) -> Fault:
    """A fault that underlines the clause."""
    return Fault(what=what, sql=statement.sql, start=clause.start, end=clause.end, **parts)


def own_options(model_type: str) -> tuple[str, ...]:
    """The options of the family, or of the search, that a type stands for."""
    if model_type in SEARCHED:
        return tuple(option_types(AutoMlOptions))
    if model_type not in FAMILIES:
        return ()
    options = get_family(model_type).Options
    assert issubclass(options, FamilyOptions)
    return tuple(option_types(options))


def takes(model_type: str, name: str, own: tuple[str, ...]) -> bool:
    """Whether models of a type take the option."""
    known = KNOWN_OPTIONS.get(name)
    if name in own and (known is None or known.is_of_model):
        return True
    if known is None:
        return False
    if model_type in BIGQUERY_TYPES or model_type == REMOTE:
        return model_type in known.of
    return name in SHARED or (name in OF_LABELS and has_label(model_type))


def _name_faults(
    statement: CreateModel, clause: OptionClause, name: str, model_type: str, own: tuple[str, ...]
) -> Iterator[Fault]:
    if takes(model_type, name, own):
        return
    known, shown = KNOWN_OPTIONS.get(name), model_type.upper()
    if known is not None:
        others = ", ".join(each.upper() for each in known.of[:12]) or "other models"
        what = f"{known.name} is no option of {shown} models"
        yield clause_fault(statement, clause, what, expected=f"model_type: one of {others}", next_step="remove it")
        return
    names = sorted({each for each in (*KNOWN_OPTIONS, *own) if takes(model_type, each, own)})
    near = nearest(name, names) or nearest(name, KNOWN_OPTIONS)
    expected = "" if near else "one of " + ", ".join(names)
    yield clause_fault(statement, clause, f"there is no option {name}", nearest=near, expected=expected)


def _value_faults(statement: CreateModel, clause: OptionClause, known: KnownOption | None) -> Iterator[Fault]:
    value = clause.value
    if isinstance(value, exp.Expression):
        step = "write the value itself; a text stands in quotes"
        yield clause_fault(statement, clause, f"the value of {clause.name} is no constant", next_step=step)
    elif isinstance(value, Hparam):
        if known is not None and not known.is_of_model:
            step = "write the value itself"
            yield clause_fault(statement, clause, f"{clause.name} is no hyperparameter", next_step=step)
    elif known is not None and value is not None and not known.accepts(value):
        expected, received = KIND_WORDS[known.kind], value_text(value)
        yield clause_fault(statement, clause, f"{clause.name} cannot be this", expected=expected, received=received)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
