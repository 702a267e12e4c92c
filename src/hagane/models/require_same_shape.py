"""`require_same_shape`: options in which a model must agree with the one that it begins with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from hagane.errors import Fault, SpecError
from hagane.models.options import FamilyOptions
from hagane.models.warm_start import WarmStart


def require_same_shape(start: WarmStart, options: FamilyOptions) -> None:
    """Raises SpecError with every such option that differs."""
    given = msgspec.to_builtins(options)
    if faults := list(shape_faults(start.reference, options.shaping, start.options, given)):
        raise SpecError(*faults)


def shape_faults(
    reference: str, shaping: Sequence[str], earlier: Mapping[str, object], given: Mapping[str, object]
) -> Iterator[Fault]:
    """A fault for each option of `shaping` that is `given`, and other than the earlier model's.

    >>> given = {"hidden_units": (8,), "activation_fn": "RELU"}
    >>> earlier = {"hidden_units": [8, 4], "activation_fn": "relu"}
    >>> [fault.where for fault in shape_faults("m@1", tuple(given), earlier, given)]
    ['model.options.hidden_units']
    """
    for name in shaping:
        if name in given and _plain(given[name]) != _plain(earlier.get(name, given[name])):
            yield Fault(
                what=f"it cannot begin with {reference}, whose {name} is another",
                where=f"model.options.{name}",
                expected=str(_plain(earlier[name])),
                received=str(_plain(given[name])),
                next_step="leave the option out: it is then the earlier model's",
            )


def _plain(value: object) -> object:
    """As JSON has it: a list for a tuple, a choice in lower case."""
    if isinstance(value, str):
        return value.lower()
    return list(value) if isinstance(value, tuple | list) else value
