"""Which texts CAST takes, as patterns that RE2 (in the graph and in DuckDB) and Python read alike.

They match all of a text. Source: GoogleSQL's reference, "Conversion functions", and for white space and signs the
behaviour of its open-source implementation.
"""

from __future__ import annotations

INT64_MAX, INT64_MIN = 2**63 - 1, -(2**63)
_SPACE = r"[\x09-\x0d ]*"
_OTHER_HEX = "[1-9a-fA-F][0-9a-fA-F]"


def at_most(bound: str) -> str:
    """A pattern of the numbers of as many digits as `bound`, the first not 0, that are not greater.

    >>> at_most("25")
    '(?:[1-1][0-9]{1}|2[0-4]|25)'
    """
    smaller = [
        f"{bound[:place]}[{int(place == 0)}-{int(digit) - 1}]" + (f"[0-9]{{{rest}}}" if rest else "")
        for place, digit in enumerate(bound)
        if (rest := len(bound) - place - 1) >= 0 and int(digit) > int(place == 0)
    ]
    return f"(?:{'|'.join([*smaller, bound])})"


def _decimal(sign: str, bound: int) -> str:
    return f"{sign}(?:0+|0*[1-9][0-9]{{0,17}}|0*{at_most(str(abs(bound)))})"


DECIMAL = f"{_SPACE}(?:{_decimal('[+]?', INT64_MAX)}|{_decimal('-', INT64_MIN)}){_SPACE}"
"""A whole number that fits INT64."""
HEX_PREFIX = r" *[+-]?0[xX]0*"
HEX = (
    f" *(?:[+]?0[xX](?:0+|0*{_OTHER_HEX}{{0,14}}|0*[1-7][0-9a-fA-F]{{15}})"
    f"|-0[xX](?:0+|0*{_OTHER_HEX}{{0,14}}|0*[1-7][0-9a-fA-F]{{15}}|0*80{{15}})){_SPACE}"
)
"""A number to base 16 that fits INT64."""
NEGATIVE = rf"{_SPACE}-(?s:.*)"

MANTISSA = r"(?:[0-9]+[.]?[0-9]*|[.][0-9]+)"
NUMBER = f"{_SPACE}[+-]?{MANTISSA}(?:[eE][+-]?[0-9]+)?{_SPACE}"
"""A FLOAT64 in digits."""
_LARGE = r"0*[1-9][0-9]{308,}(?:[.][0-9]*)?"
_SMALL = r"0*[.]0{300,}[0-9]*[1-9][0-9]*"
LONG_NUMBER = f"{_SPACE}[+-]?(?:{_LARGE}|{_SMALL})(?:[eE][+-]?[0-9]+)?{_SPACE}"
"""One whose digits before the exponent alone are 1e308 or more, or less than 1e-300: not read."""
FAR_EXPONENT = f"{_SPACE}[+-]?{MANTISSA}[eE][+-]?0*[1-9][0-9]{{4,}}{_SPACE}"
INFINITE = f"{_SPACE}[+-]?[iI][nN][fF](?:[iI][nN][iI][tT][yY])?{_SPACE}"
NOT_A_NUMBER = f"{_SPACE}[+-]?[nN][aA][nN]{_SPACE}"

TRUE, FALSE = "[tT][rR][uU][eE]", "[fF][aA][lL][sS][eE]"

DATE = "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_CLOCK = r"(?:[01]?[0-9]|2[0-3]):[0-5]?[0-9]:(?:[0-5]?[0-9]|60)(?:[.][0-9]{1,6})?"
_OFFSET = "[+-](?:(?:0?[0-9]|1[0-3])(?::[0-5]?[0-9])?|(?:0[0-9]|1[0-3])[0-5]?[0-9]|14(?::?00?)?)"
TIMESTAMP = f"{DATE}(?:[ Tt](?:{_CLOCK}(?:{_OFFSET}|[zZ]| UTC(?:{_OFFSET})?)?|{_OFFSET}))?"
"""A day; with the time of day, whole or with a fraction; with an offset. All of it within its range but the day."""
WITH_CLOCK = "[0-9-]+[ Tt][0-9](?s:.*)"
WITH_FRACTION = "(?s:.*)[.](?s:.*)"
WITH_OFFSET = "[0-9-]+[ Tt](?s:.*)[+-](?s:.*)"
WEST = "[0-9-]+[ Tt](?s:.*)-(?s:.*)"
JOINED_OFFSET = {3: "[0-9-]+[ Tt](?s:.*)[+-][0-9]{3}", 4: "[0-9-]+[ Tt](?s:.*)[+-][0-9]{4}"}
"""Digits in an offset without a colon, hours and minutes together."""
