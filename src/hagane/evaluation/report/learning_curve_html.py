"""`learning_curve_html`: a learning curve as a page."""

from __future__ import annotations

import numpy as np

from hagane.counted import counted
from hagane.evaluation.learning_curve import LearningCurve
from hagane.evaluation.metric_info import metric_info
from hagane.evaluation.report.charts import widened
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
        card("Would more data help?", element("p", curve.describe()), span="wide"),
        card("The curve", _chart(curve), note=NOTE, span="double"),
        card("The trainings", _table(curve), note=f"All judged on the same {judged}.", span="double"),
    ]
    if curve.notes:
        cards.append(card("Notes", element("ul", *(element("li", note) for note in curve.notes)), span="wide"))
    return whole_page(title, "A learning curve", *cards, style=STYLE)


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
    heads = ("Share", "Rows", metric_info(curve.metric).title, "Seconds")
    rows = [((f"{point.share:.3g}", f"{point.num_rows:,}", number_text(point.value), number_text(point.seconds)), None)
            for point in curve.points]  # fmt: skip
    return table(heads, rows, name="Trainings")
