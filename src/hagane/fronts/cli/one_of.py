"""`one_of`: the value of an option that is a choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def one_of(option: str, value: str, choices: Sequence[str]) -> Any:
    """`value`, in any case, as it stands among `choices`. Raises UsageError with the nearest of them.

    >>> one_of("--device", "CPU", ("auto", "cpu", "cuda"))
    'cpu'
    >>> one_of("--device", "cudda", ("auto", "cpu", "cuda"))
    Traceback (most recent call last):
    hagane.fronts.cli.usage_error.UsageError: --device cannot be 'cudda'
      expected: one of auto, cpu, cuda
      did you mean: cuda
    """
    if value.lower() in choices:
        return value.lower()
    from hagane.errors import Fault
    from hagane.fronts.cli.usage_error import UsageError
    from hagane.spec.nearest_choice import nearest_choice
    from hagane.spec.value_text import value_text

    what, expected = f"{option} cannot be {value_text(value)}", "one of " + ", ".join(choices)
    raise UsageError(Fault(what=what, expected=expected, nearest=nearest_choice(value, choices)))
