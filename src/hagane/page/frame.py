"""The frame of a chart: axes with ticks and labels around the marks that a chart draws, as inline SVG."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable, Sequence

from hagane.page.markup import Markup, element, joined
from hagane.page.number_text import tick_text
from hagane.page.time_ticks import time_ticks

WIDTH, HEIGHT = 330.0, 270.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 12.0, 10.0, 44.0
NAME, DIGIT = 25.0, 6.4
"""What the name of the upright axis takes, and each character of its ticks."""


@dataclasses.dataclass(frozen=True)
class Axis:
    """A linear range with a name; `seconds`: it is of moments, 1 standing for so many seconds since 1970."""

    label: str
    low: float = 0.0
    high: float = 1.0
    seconds: float | None = None

    def share(self, value: float) -> float:
        """How far `value` lies along the axis: 0 at its low end, 1 at its high one."""
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """About five round numbers within the range.

        >>> Axis("x", 0.0, 1.0).ticks()
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        """
        rough = (self.high - self.low) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * times for times in (1, 2, 2.5, 5, 10) if power * times >= rough * 0.999)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        digits = 2 - math.floor(math.log10(step))
        return [round(index * step, digits) for index in range(first, last + 1)]

    @functools.cached_property
    def marks(self) -> list[tuple[float, str]]:
        """Where ticks are, and what is written there: dates for moments, numbers in as few digits as tell them apart.

        >>> Axis("x", 1e6, 1000020.0).marks[:2], Axis("t", 15706, 16071, seconds=86400.0).marks[:2]
        ([(1000000.0, '1M'), (1000005.0, '1.000005M')], [(15706.0, '2013-01'), (15887.0, '2013-07')])
        """
        unit = self.seconds or 1.0
        moments = [(at / unit, text) for at, text in time_ticks(self.low * unit, self.high * unit)]
        return moments if self.seconds and moments else self._numbers()

    def _numbers(self) -> list[tuple[float, str]]:
        ticks = self.ticks()
        texts = [tick_text(value) for value in ticks]
        for digits in range(5, 16):
            if len(set(texts)) == len(texts):
                break
            texts = [tick_text(value, digits) for value in ticks]
        return list(zip(ticks, texts, strict=True))


@dataclasses.dataclass(frozen=True)
class Frame:
    """Where numbers lie on the picture."""

    x: Axis
    y: Axis

    @functools.cached_property
    def left(self) -> float:
        """Where the horizontal axis begins: right of the upright one's name and ticks."""
        longest = max((len(text) for _, text in self.y.marks), default=0)
        return max(LEFT, NAME + DIGIT * longest)

    def across(self, value: float) -> float:
        """Horizontal place of `value`, in the picture's units."""
        return self.left + self.x.share(value) * (WIDTH - self.left - RIGHT)

    def down(self, value: float) -> float:
        """Vertical place of `value`."""
        return HEIGHT - BOTTOM - self.y.share(value) * (HEIGHT - TOP - BOTTOM)

    def line(self, xs: Iterable[float], ys: Iterable[float], class_: str, step: bool = False) -> Markup:
        """A line through the points; `step`: level to the next x, then up or down."""
        places = [(self.across(x), self.down(y)) for x, y in zip(xs, ys, strict=True)]
        if step:
            places = [
                place
                for here, there in zip(places, places[1:] + places[-1:], strict=True)
                for place in _step(here, there)
            ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        return element("polyline", points=path, class_=class_)

    def dot(self, x: float, y: float, class_: str, title: str, radius: float = 4.5) -> Markup:
        """A point that tells `title` when pointed at."""
        return element(
            "circle",
            element("title", title),
            cx=f"{self.across(x):.1f}",
            cy=f"{self.down(y):.1f}",
            r=radius,
            class_=class_,
        )

    def draw(self, title: str, description: str, marks: Sequence[Markup]) -> Markup:
        """The whole picture: grid, marks, tick labels and axis names; `title` and `description` are read aloud."""
        return element(
            "svg",
            element("title", title),
            element("desc", description),
            *self._grid(),
            *marks,
            self._names(),
            viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
            role="img",
            aria_label=f"{title}. {description}",
            class_="chart",
        )

    def _grid(self) -> list[Markup]:
        bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        marks = []
        room = max(
            1, int((right - self.left) / (DIGIT * (2 + max((len(text) for _, text in self.x.marks), default=0))))
        )
        for value, text in self.x.marks[:: math.ceil(len(self.x.marks) / room)]:
            x = f"{self.across(value):.1f}"
            marks.append(element("line", x1=x, x2=x, y1=TOP, y2=bottom, class_="grid"))
            marks.append(element("text", text, x=x, y=bottom + 15, class_="tick middle"))
        for value, text in self.y.marks:
            y = self.down(value)
            marks.append(element("line", x1=self.left, x2=right, y1=f"{y:.1f}", y2=f"{y:.1f}", class_="grid"))
            marks.append(element("text", text, x=f"{self.left - 6:g}", y=f"{y + 3.5:.1f}", class_="tick end"))
        return marks

    def _names(self) -> Markup:
        middle = (TOP + HEIGHT - BOTTOM) / 2
        across = element("text", self.x.label, x=(self.left + WIDTH - RIGHT) / 2, y=HEIGHT - 6, class_="axis middle")
        up = element("text", self.y.label, x=14, y=middle, transform=f"rotate(-90 14 {middle:g})", class_="axis middle")
        return joined(across, up)


def _step(here: tuple[float, float], there: tuple[float, float]) -> tuple[tuple[float, float], tuple[float, float]]:
    return here, (there[0], here[1])
