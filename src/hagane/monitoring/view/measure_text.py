"""`measure_text`: what a measure is called in pictures and tables, in few letters where the field has such a name."""

from __future__ import annotations

SHORT = {
    "JENSEN_SHANNON_DIVERGENCE": "JS",
    "KOLMOGOROV_SMIRNOV": "KS",
    "POPULATION_STABILITY_INDEX": "PSI",
    "L_INFTY": "L∞",
    "CHI_SQUARED": "χ²",
    "CBPE": "CBPE",
    "DLE": "DLE",
    "ENUM_TYPE_UNEXPECTED_STRING_VALUES": "unexpected",
    "FEATURE_TYPE_LOW_FRACTION_PRESENT": "missing",
    "FLOAT_TYPE_HAS_INF": "infinities",
    "min": "below min",
    "max": "above max",
    "domain": "off domain",
    "finite": "not finite",
    "min_present_fraction": "not present",
    "min_length": "too short",
    "max_length": "too long",
    "type": "not of type",
}
LONG = {
    "JENSEN_SHANNON_DIVERGENCE": "Jensen-Shannon divergence",
    "KOLMOGOROV_SMIRNOV": "Kolmogorov-Smirnov",
    "WASSERSTEIN": "Wasserstein distance",
    "L_INFTY": "L-infinity",
    "CHI_SQUARED": "Cramér's V (χ²)",
    "CBPE": "confidence-based estimate",
    "DLE": "direct loss estimate",
    "ENUM_TYPE_UNEXPECTED_STRING_VALUES": "rows of unexpected values",
    "FEATURE_TYPE_LOW_FRACTION_PRESENT": "rows without a value",
    "FLOAT_TYPE_HAS_INF": "rows of infinities",
    "min": "rows below the schema's min",
    "max": "rows above the schema's max",
    "domain": "values outside of the schema's domain",
    "finite": "rows of infinities, which the schema forbids",
    "min_present_fraction": "rows without a value, by the schema",
    "min_length": "rows of texts too short for the schema",
    "max_length": "rows of texts too long for the schema",
    "type": "rows not of the schema's type",
}


def measure_text(measure: str, *, is_short: bool = False) -> str:
    """In words, or as short as it is known by.

    >>> measure_text("JENSEN_SHANNON_DIVERGENCE"), measure_text("JENSEN_SHANNON_DIVERGENCE", is_short=True)
    ('Jensen-Shannon divergence', 'JS')
    >>> measure_text("L_INFTY"), measure_text("NEW_VALUES", is_short=True)
    ('L-infinity', 'new values')
    >>> measure_text("min"), measure_text("rules.positive_fare")
    ("rows below the schema's min", 'rules.positive_fare')
    """
    if is_short and measure in SHORT:
        return SHORT[measure]
    if measure.startswith("rules."):
        return measure  # a person gave it its name
    return LONG.get(measure, measure.lower().replace("_", " "))
