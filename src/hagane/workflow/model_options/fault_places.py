"""`placed_faults`: faults of a spec, told at the clauses of the statement that it came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from hagane.errors import Fault, HaganeError, SqlError
from hagane.sql.statement import CreateModel
from hagane.workflow.model_options.statement_transform import Feature

Span = tuple[int, int]


class FaultPlaces(NamedTuple):
    """Where the parts of a spec stand in a statement."""

    statement: CreateModel
    clauses: Mapping[str, Span]
    """Place in the spec (`model.options.l2_reg`) → the clause that says it."""
    features: Mapping[str, Feature]
    """Feature → where TRANSFORM names it."""

    def placed(self, fault: Fault) -> Fault:
        """The fault, underlined in the statement; one that has no place there, at its beginning."""
        statement = self.statement
        if fault.sql == statement.sql:
            return fault
        found = self._feature_span(fault) or self._clause_span(fault.where)
        start, end = found or (statement.start, statement.end)
        return msgspec.structs.replace(fault, where="", sql=statement.sql, start=start, end=end)

    def placed_error(self, error: HaganeError) -> HaganeError:
        """The error with its faults placed: of a spec's it is a SqlError."""
        faults = placed_faults(error.faults, self)
        return type(error)(*faults) if type(error).exit_code != SqlError.exit_code else SqlError(*faults)

    def _feature_span(self, fault: Fault) -> Span | None:
        feature = self.features.get(fault.where.removeprefix("transform."))
        if feature is None:
            return None
        item = feature.item
        if fault.sql == item.expression == feature.expression and fault.end > 0:
            return item.start + fault.start, item.start + fault.end
        return item.start, item.end

    def _clause_span(self, place: str) -> Span | None:
        """The clause of the place, or of the nearest section around it."""
        at = place
        while at and at not in self.clauses:
            at = at.rpartition(".")[0] if "[" not in at.rpartition(".")[2] else at.rpartition("[")[0]
        return self.clauses.get(at)


def placed_faults(faults: Iterable[Fault], places: FaultPlaces) -> tuple[Fault, ...]:
    """The faults in the order of the statement, each once."""
    placed = dict.fromkeys(places.placed(fault) for fault in faults)
    return tuple(sorted(placed, key=lambda fault: fault.start))
