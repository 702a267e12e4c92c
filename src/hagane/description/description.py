"""`Description`: what `hagane describe` shows, as plain data."""

from __future__ import annotations

import msgspec

from hagane.counted import counted
from hagane.data.bad_rows import BadRows
from hagane.description.distributions import Distribution
from hagane.description.label import LabelDescription
from hagane.description.missing import Missing
from hagane.description.scatter_plots import ScatterPlots
from hagane.errors import Fault
from hagane.statistics.collinearity import Collinearity
from hagane.statistics.correlations import Correlations
from hagane.statistics.leaks import Leak
from hagane.statistics.statistics import Statistics

VERSION = 1


class Description(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """A table described. Round-trips through JSON; within one `version` fields are added and never changed."""

    version: int = VERSION
    num_sampled_rows: int
    """Rows on which all was measured that is not said to be of every row: about 100,000, or all."""
    statistics: Statistics
    correlations: Correlations
    collinearity: Collinearity
    distributions: tuple[Distribution, ...] = ()
    """A column each, in the table's order."""
    missing: Missing = Missing()
    scatter_plots: ScatterPlots = ScatterPlots()
    label: LabelDescription | None = None
    leaks: tuple[Leak, ...] = ()
    """Empty where no label was named."""
    unsupported: tuple[Fault, ...] = ()
    bad_rows: BadRows = BadRows()
    origins: dict[str, str] = {}
    """Columns that a join, an aggregate or a window function of the query made: the caller's at serving time."""

    def __repr__(self) -> str:
        statistics, leaks = self.statistics, ", ".join(leak.column for leak in self.leaks)
        found = f"<Description: {counted(statistics.num_rows, 'row')}, {counted(len(statistics.columns), 'column')}"
        return found + (f"; suspected leaks: {leaks}>" if leaks else ">")

    def _repr_html_(self) -> str:
        from hagane.description.report.notebook_frame import notebook_frame

        return notebook_frame(self)

    def to_html(self, *, title: str = "Data") -> str:
        """As one self-contained page."""
        from hagane.description.report.description_html import description_html

        return description_html(self, title=title)

    def to_json(self) -> bytes:
        """As JSON, which `from_json` reads back equal."""
        return msgspec.json.encode(self)

    @staticmethod
    def from_json(text: bytes | str) -> Description:
        """From what `to_json` wrote. Raises msgspec.ValidationError for anything else."""
        return msgspec.json.decode(text, type=Description)
