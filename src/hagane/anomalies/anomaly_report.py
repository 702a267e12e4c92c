"""`AnomalyReport`: where a table departs from its schema."""

from __future__ import annotations

import html
from typing import Literal

import msgspec

from hagane.counted import counted
from hagane.errors import DataError, Fault


class Example(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value that breaks a rule."""

    value: str | None
    """As text; None for NULL, or where a row breaks the rule and no one value."""
    where: str
    """The row (counted from 1), the first of several, with its file where that is known."""
    count: int = 1
    """Rows that hold the value, where equal values were counted together."""
    nearest: str = ""
    """The value of the domain that is most like it."""

    def render(self) -> str:
        """The example in a few words.

        >>> Example("Credit Crad", "row 7", count=12, nearest="Credit Card").render()
        "'Credit Crad' (12 times, first in row 7; did you mean 'Credit Card'?)"
        """
        where = f"{self.count:,} times, first in {self.where}" if self.count > 1 else self.where
        if self.value is None:
            return where
        near = f"; did you mean '{self.nearest}'?" if self.nearest else ""
        value = self.value if len(self.value) <= 40 else self.value[:39] + "…"
        return f"'{value}' ({where}{near})"


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule that the data break."""

    column: str
    """Empty where the finding is about whole rows, or the table."""
    rule: str
    """Its key in the schema: `min`, `domain`, `rules.positive_fare`."""
    severity: Literal["error", "warning"]
    """A warning is allowed by the schema (within a stated share, or an extra column), or may be chance in few rows."""
    what: str
    """A sentence."""
    num_rows: int = 0
    """Rows that break the rule; 0 where it is about the table as a whole."""
    fraction: float = 0.0
    """Their share of all rows."""
    expected: str = ""
    examples: tuple[Example, ...] = ()
    nearest: str = ""
    """For a column that is missing: the one most like it."""

    @property
    def path(self) -> str:
        """The place in the schema that states the rule."""
        is_of_column = self.column and self.rule != "extra_columns"
        return f"columns.{self.column}.{self.rule}" if is_of_column else self.rule

    def fault(self) -> Fault:
        """The finding as an error tells it."""
        return Fault(
            what=self.what,
            where=self.path,
            expected=self.expected,
            received="; ".join(example.render() for example in self.examples),
            nearest=self.nearest,
            next_step="" if self.nearest else f"mend the data, or change {self.path} in the schema",
        )


class AnomalyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found, errors first.

    >>> AnomalyReport(num_rows=3, findings=()).is_clean
    True
    """

    num_rows: int
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that break the schema."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that the schema allows."""
        return tuple(finding for finding in self.findings if finding.severity == "warning")

    @property
    def is_clean(self) -> bool:
        """Whether nothing breaks the schema (warnings apart)."""
        return not self.errors

    def refused(self, max_fraction: float = 0.0) -> tuple[Finding, ...]:
        """The errors, without those on at most the share `max_fraction` of the rows."""
        return tuple(
            finding
            for finding in self.errors
            if not finding.num_rows or finding.fraction > max_fraction or not max_fraction
        )

    def check(self, max_fraction: float = 0.0) -> None:
        """Raise DataError, a fault for each of `refused(max_fraction)`."""
        if refused := self.refused(max_fraction):
            raise DataError(*(finding.fault() for finding in refused))

    def to_json(self) -> bytes:
        """As JSON, which `from_json` reads back equal."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2)

    @staticmethod
    def from_json(text: bytes | str) -> AnomalyReport:
        """From what `to_json` wrote. Raises msgspec.ValidationError for anything else."""
        return msgspec.json.decode(text, type=AnomalyReport)

    def summary(self) -> str:
        """One line.

        >>> AnomalyReport(num_rows=1200, findings=()).summary()
        '1,200 rows, no anomalies'
        """
        counts = [
            counted(len(found), word) for found, word in ((self.errors, "error"), (self.warnings, "warning")) if found
        ]
        return f"{counted(self.num_rows, 'row')}, {' and '.join(counts) or 'no anomalies'}"

    def __repr__(self) -> str:
        return f"<AnomalyReport: {self.summary()}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(f.column)}</td><td>{html.escape(f.rule)}</td><td>{f.severity}</td><td>{f.num_rows:,}"
            f"</td><td>{html.escape(f.what)}</td></tr>"
            for f in self.findings
        )
        heads = "<tr><th>column</th><th>rule</th><th>severity</th><th>rows</th><th>finding</th></tr>"
        return f"<p>{html.escape(self.summary())}</p>" + (f"<table>{heads}{rows}</table>" if rows else "")
