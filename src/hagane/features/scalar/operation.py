"""What a scalar function is given and what it gives: the frame of every entry in `SCALAR`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hagane.features.emit import Emitter
from hagane.features.emit_logic import all_valid, any_error, both, negate
from hagane.features.value import Value
from hagane.sql.expression import Call, Literal
from hagane.types import SqlType


@dataclass(frozen=True, slots=True)
class Operation:
    """One function in g lanes: a call a lane, equal but for columns, literals and (where allowed) modifiers."""

    emitter: Emitter
    calls: tuple[Call, ...]
    arguments: tuple[Value, ...]

    @property
    def width(self) -> int:
        """Number of lanes."""
        return len(self.calls)

    @property
    def type(self) -> SqlType:
        """The result's type."""
        return self.calls[0].type

    @property
    def modifiers(self) -> tuple[object, ...]:
        """The modifiers, where all lanes have the same."""
        return self.calls[0].modifiers

    def literal(self, position: int) -> object:
        """The constant that stands at an argument's position in all lanes."""
        argument = self.calls[0].arguments[position]
        assert isinstance(argument, Literal), f"{self.calls[0].function} takes a constant at {position}"
        return argument.value


Render = Callable[[Operation], Value]


@dataclass(frozen=True, slots=True)
class ScalarFunction:
    """How a function is compiled."""

    render: Render
    fuses_modifiers: bool = False
    """Whether lanes with different modifiers may be compiled together."""
    fuses_constants: bool = True
    """Whether lanes with different constants may be: not where a constant is an attribute (a pattern)."""


def strict(
    operation: Operation,
    data: str,
    *,
    failed: str | None = None,
    is_safe: bool = False,
    is_quiet: bool = False,
    bound: float | None = None,
    fails_on_nan: bool = False,
) -> Value:
    """A result that is NULL where any argument is, and where the function `failed` (an error, unless `is_safe`).

    `failed` may be true where an argument is NULL; `fails_on_nan` says that it may be so where the argument is NaN,
    `is_quiet` that NaN arguments make NaN (or false) data.
    """
    e, arguments = operation.emitter, operation.arguments
    valid = all_valid(e, *(argument.valid for argument in arguments))
    error = any_error(e, *(argument.error for argument in arguments))
    are_quiet = all(argument.is_quiet or argument.valid is None for argument in arguments)
    if failed is not None:
        if valid is not None and (fails_on_nan or not are_quiet):
            failed = both(e, valid, failed)
        valid = all_valid(e, valid, negate(e, failed))
        error = error if is_safe else any_error(e, error, failed)
    keeps_quiet = is_quiet and are_quiet and not (is_safe and failed is not None)
    return Value(data, valid, error, operation.type, operation.width, is_quiet=keeps_quiet, bound=bound)


def truth(e: Emitter, value: Value) -> str:
    """Where a BOOL is TRUE: neither FALSE nor NULL (nor in error, where quiet data mean nothing)."""
    is_plain = value.valid is None or (value.is_quiet and value.error is None)
    return value.data if is_plain or value.valid is None else both(e, value.data, value.valid)
