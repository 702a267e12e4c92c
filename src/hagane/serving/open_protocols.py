"""Which protocols a server speaks, by name, and the protocols themselves for one model."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from hagane.errors import Fault, ServeError, nearest
from hagane.serving.own_paths import own_paths, page_paths
from hagane.serving.protocol import Protocol
from hagane.serving.protocols import PROTOCOLS
from hagane.serving.served_model import ServedModel

if TYPE_CHECKING:
    from hagane.serving.request_log.feedback import Feedback


def open_protocols(model: ServedModel, feedback: Callable[[Feedback], bool] | None = None) -> tuple[Protocol, ...]:
    """The server's own paths, and the protocols that `model` speaks, in its order.

    Where somebody keeps `feedback` there is a path for it.
    """
    chosen = [importlib.import_module(PROTOCOLS[name]).protocol(model) for name in model.protocols]
    if feedback is not None:
        from hagane.serving.request_log.feedback_path import feedback_path

        chosen.append(feedback_path(model, feedback, chosen[0].error))
    return (own_paths(model, chosen), *chosen, page_paths(model))


def choose_protocols(names: Iterable[str] | None) -> tuple[str, ...]:
    """The names in their order, each once; all of the table where there are none. Raises ServeError for others.

    >>> choose_protocols(["KServe", "tensorflow", "kserve"])
    ('kserve', 'tensorflow')
    """
    asked = tuple(dict.fromkeys(name.lower().replace("-", "_") for name in names or PROTOCOLS))
    unknown = [name.replace("_", "-") for name in asked if name not in PROTOCOLS]
    if unknown:
        known = [name.replace("_", "-") for name in PROTOCOLS]
        faults = (
            Fault(what=f"{name!r} is no protocol", expected=", ".join(known), nearest=nearest(name, known))
            for name in unknown
        )
        raise ServeError(*faults)
    return asked
