"""`learning_curve_html`: a learning curve as a page."""

from __future__ import annotations

from itertools import groupby

import numpy as np

from hagane.counted import counted
from hagane.evaluation.learning_curve import LearningCurve
from hagane.evaluation.metric_info import metric_info
from hagane.evaluation.report.charts import widened
from hagane.number_text import percent_text
from hagane.page.frame import Axis, Frame
from hagane.page.log_axis import LogAxis
from hagane.page.markup import Markup, element
from hagane.page.number_text import number_text
from hagane.page.pieces import card, chart_with_key, table
from hagane.page.whole_page import whole_page

NUM_PLACES = 60
STYLE = ".band{fill:var(--fill);fill-opacity:.16}.beyond{stroke:var(--soft);stroke-dasharray:2 4}"
NOTE = (
    "An error is taken to be floor + factor · rows^−exponent. The band holds all such curves that fit the trainings "
    "not significantly worse than the best one (95 %). Not every learning curve is one: the further beyond the rows "
    "there are, the less is known."
)


def learning_curve_html(curve: LearningCurve, title: str) -> str:
    """The whole page: the curve with its band to `more` times the rows, and every training."""
    judged = f"{counted(curve.num_judged_rows, f'{curve.part} row')}"
    cards = [
        card("Would more data help?", element("p", sentence(curve.describe())), span="wide"),
        card("The curve", _chart(curve), note=NOTE, span="wide"),
        card("The trainings", _table(curve), note=f"All judged on the same {judged}.", span="wide"),
    ]
    if curve.notes:
        cards.append(card("Notes", element("ul", *(element("li", note) for note in curve.notes)), span="wide"))
    return whole_page(title, "A learning curve", *cards, style=STYLE)


def sentence(text: str) -> str:
    """With a capital letter.

    >>> sentence("more rows would help")
    'More rows would help'
    """
    return text[:1].upper() + text[1:]


def _chart(curve: LearningCurve) -> Markup:
    first, last = curve.points[0].num_rows, curve.more * curve.num_rows
    rows = np.geomspace(first, last, NUM_PLACES).tolist()
    values = [curve.value_at(each) for each in rows]
    shown = [*(each for value in values for each in (value.low, value.high)), *(point.value for point in curve.points)]
    frame = Frame(LogAxis("Training rows", first * 0.8, last * 1.25),
                  Axis(metric_info(curve.metric).title, *widened(min(shown), max(shown))))  # fmt: skip
    around = [*zip(rows, (value.low for value in values), strict=True)]
    around += reversed([*zip(rows, (value.high for value in values), strict=True)])
    band = element(
        "polygon", points=" ".join(f"{frame.across(x):.1f},{frame.down(y):.1f}" for x, y in around), class_="band"
    )
    here = f"{frame.across(curve.num_rows):.1f}"
    low, high = frame.down(frame.y.low), frame.down(frame.y.high)
    marks = [band, frame.line(rows, [value.value for value in values], "line first"),
             element("line", x1=here, x2=here, y1=f"{low:.1f}", y2=f"{high:.1f}", class_="beyond")]  # fmt: skip
    for point in curve.points:
        told = f"{counted(point.num_rows, 'row')}: {number_text(point.value)}"
        marks.append(frame.dot(point.num_rows, point.value, "used", told, radius=3.5))
    chart = frame.draw("Learning curve", curve.describe(), marks)
    return chart_with_key(chart, ("used", "a training"), ("line first", "the law that fits best"),
                          ("beyond", "all rows there are"))  # fmt: skip


def _table(curve: LearningCurve) -> Markup:
    """A row a share: its trainings together."""
    title = metric_info(curve.metric).title
    rows = []
    for share, found in groupby(curve.points, key=lambda point: point.share):
        points = list(found)
        values = [point.value for point in points]
        mean_rows = round(sum(point.num_rows for point in points) / len(points))
        bounds = f"{number_text(min(values))} – {number_text(max(values))}" if len(values) > 1 else ""
        mean = number_text(sum(values) / len(values))
        rows.append(((f"{mean_rows:,}", percent_text(share), str(len(points)), mean, bounds), None))
    return table(("Rows", "Share", "Trainings", title, "From – to"), rows, name="Trainings")
