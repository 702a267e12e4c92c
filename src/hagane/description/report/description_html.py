"""`description_html`: a description as one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.description.description import Description
from hagane.description.report import style
from hagane.description.report.columns_section import columns_section
from hagane.description.report.correlations_section import collinearity_section, correlations_section
from hagane.description.report.label_section import label_section, missing_section
from hagane.description.report.scatter_section import scatter_section
from hagane.description.report.statistics_table import statistics_table
from hagane.number_text import percent_text
from hagane.page.markup import Markup, element, joined
from hagane.page.pieces import card, folded
from hagane.page.style import STYLE


def description_html(description: Description, *, title: str) -> str:
    """One self-contained HTML page: no script, no external resource, light and dark, for screens of any width.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> from hagane.description.describe_table import describe_table
    >>> page = description_html(describe_table(open_table(pa.table({"<x>": [1, 2]}))), title="<numbers>")
    >>> "&lt;numbers&gt;" in page, "<x>" in page
    (True, False)
    """
    head = joined(
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("title", title),
        element("style", Markup(STYLE + style.STYLE)),
    )
    page = element(
        "html", element("head", head), element("body", description_body(description, title=title)), lang="en"
    )
    return f"<!doctype html>\n{page}\n"


def description_body(description: Description, *, title: str) -> Markup:
    """The page's content alone, without its style."""
    parts = list(_parts(description))
    links = element("nav", *(element("a", name, href=f"#{id_}") for id_, name, _ in parts), aria_label="Sections")
    header = element("header", element("h1", title), _figures(description), links)
    sections = (
        element("section", element("h2", name), content, class_="part", id=id_, aria_label=name)
        for id_, name, content in parts
    )
    return element("main", header, *sections, element("footer", "Written by Hagane."))


def _parts(description: Description) -> Iterator[tuple[str, str, Markup]]:
    """(id, title, content) of each section that has something to show."""
    label = description.label
    types = {column.name: column.type for column in description.statistics}
    yield "columns", "Columns", columns_section(description)
    if label is not None:
        yield "label", f"The label, {label.column}", label_section(label, description.leaks)
    missing = description.missing
    if missing.num_columns or missing.stand_ins:
        yield "missing", "Missing values", missing_section(missing, label.column if label else "label")
    if description.correlations.pairs:
        yield "correlations", "What goes together", correlations_section(description.correlations, tuple(types))
    if description.scatter_plots.plots:
        yield "shapes", "What correlations hide", scatter_section(description.scatter_plots, types)
    collinearity = description.collinearity
    if collinearity.groups or collinearity.dependencies:
        yield "collinear", "What says the same", collinearity_section(collinearity)
    yield "table", "All figures", joined(_trouble(description), _all_figures(description))


def _figures(description: Description) -> Markup:
    statistics = description.statistics
    cells = statistics.num_rows * len(statistics.columns)
    missing = sum(column.num_nulls for column in statistics) / cells if cells else 0.0
    told = [(f"{statistics.num_rows:,}", "rows"), (f"{len(statistics.columns):,}", "columns"),
            (percent_text(missing), "of the values missing")]  # fmt: skip
    if description.num_sampled_rows < statistics.num_rows:
        told.append((f"{description.num_sampled_rows:,}", "rows sampled for plots and ranks"))
    return element(
        "div",
        *(element("div", element("b", value), element("span", what)) for value, what in told),
        class_="figures",
    )


def _all_figures(description: Description) -> Markup:
    return folded("Every column's figures", statistics_table(description.statistics))


def _trouble(description: Description) -> Markup:
    """Columns and rows that could not be read, columns that a query's joins made."""
    said = [f"{fault.what}" + (f": {fault.next_step}" if fault.next_step else "") for fault in description.unsupported]
    bad = description.bad_rows
    if bad.count:
        said.append(bad.summary())
    if description.origins:
        said.append(f"made by the query's joins or aggregates: {', '.join(description.origins)}")
    return card("To know", element("ul", *(element("li", each) for each in said), class_="said")) if said else joined()
