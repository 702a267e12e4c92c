"""Colours: every text can be read on its ground, in light and in dark (WCAG 2.2, 1.4.3: a contrast of 4.5)."""

import re

import pytest

from hagane.description.report import correlations_section, style
from hagane.page.style import STYLE

LEAST = 4.5


def luminance(colour: tuple[float, ...]) -> float:
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def rgb(text: str) -> tuple[float, ...]:
    digits = text.lstrip("#")
    digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    return tuple(float(int(digits[i : i + 2], 16)) for i in (0, 2, 4))


def blend(upper: tuple[float, ...], lower: tuple[float, ...], share: float) -> tuple[float, ...]:
    return tuple(a * share + b * (1 - share) for a, b in zip(upper, lower, strict=True))


def colours(sheet: str, selector: str) -> list[dict[str, tuple[float, ...]]]:
    """The variables of the selector's rules, in light and in dark."""
    rules = re.findall(re.escape(selector) + r"\{([^}]*--[^}]*)\}", sheet)
    light, dark = ({n: rgb(c) for n, c in re.findall(r"--(\w+):(#\w+)", rule)} for rule in rules)
    return [light, light | dark]


SCHEMES = list(zip(colours(STYLE, ":root"), colours(style.STYLE, ".heat"), strict=True))


@pytest.mark.parametrize(("page", "heat"), SCHEMES, ids=["light", "dark"])
def test_words_on_their_grounds(page, heat):
    for word in ("ink", "soft", "first", "second", "good", "warn"):
        for ground in ("ground", "card", "shade"):
            assert contrast(page[word], page[ground]) >= LEAST, (word, ground)


@pytest.mark.parametrize(("page", "heat"), SCHEMES, ids=["light", "dark"])
def test_figures_of_the_map_of_correlations(page, heat):
    for size in range(30, 101):
        strength = size / 100
        ground_share = 0.06 + 0.94 * strength
        text = heat["strong" if strength >= correlations_section.DARK else "weak"]
        for side in ("up", "down"):
            assert contrast(text, blend(heat[side], page["card"], ground_share)) >= LEAST - 0.05, (side, strength)


@pytest.mark.parametrize(("page", "heat"), SCHEMES, ids=["light", "dark"])
def test_counts_of_the_confusion_matrix(page, heat):
    for share in (0.0, 0.5, 1.0):
        assert contrast(page["ink"], blend(page["fill"], page["card"], 0.55 * share + 0.04)) >= LEAST
