"""`taking`: a command whose arguments and options are the fields of a dataclass."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

Arguments = TypeVar("Arguments")


def taking(arguments: type[Arguments]) -> Callable[[Callable[[Arguments], None]], Callable[..., None]]:
    """Make a command of a function of `arguments`: Typer sees a parameter for each field, annotated as the field is.

    >>> @dataclasses.dataclass(frozen=True, kw_only=True)
    ... class Greeting:
    ...     name: str
    ...     loud: bool = False
    >>> @taking(Greeting)
    ... def greet(asked: Greeting) -> None:
    ...     print(f"hello {asked.name}" + "!" * asked.loud)
    >>> inspect.signature(greet), greet(name="you", loud=True)
    hello you!
    (<Signature (*, name: str, loud: bool = False) -> None>, None)
    """

    def make(command: Callable[[Arguments], None]) -> Callable[..., None]:
        def run(**values: Any) -> None:
            command(arguments(**values))

        run.__name__, run.__doc__, run.__module__ = command.__name__, command.__doc__, command.__module__
        run.__annotations__ = {}
        run.__signature__ = _signature(arguments)  # type: ignore[attr-defined]
        return run

    return make


def _signature(arguments: type[Any]) -> inspect.Signature:
    hints = get_type_hints(arguments, include_extras=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(field.name, keyword, default=_default(field), annotation=hints[field.name])
        for field in dataclasses.fields(arguments)
    ]
    return inspect.Signature(parameters, return_annotation=None)


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return inspect.Parameter.empty if field.default_factory is dataclasses.MISSING else field.default_factory()
