"""`load_module_class`: the `torch.nn.Module` class that a spec names, imported from the user's own code."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import os
import pkgutil
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from torch import nn

from hagane.errors import Fault, SpecError, nearest

WHERE = "model.options.module"
EXPECTED = "package.module:Class, a torch.nn.Module that Python can import from here"


def load_module_class(path: str) -> type[nn.Module]:
    """The class that `package.module:Class` names. The working directory can be imported from, as with `python -m`.

    Raises SpecError: not such a path, no such module or class (with the nearest name), code that fails when imported,
    something that is no `torch.nn.Module` class.

    >>> load_module_class("torch.nn:Linear").__name__
    'Linear'
    >>> load_module_class("torch.nn:Linaer")
    Traceback (most recent call last):
    ...
    hagane.errors.SpecError: torch.nn has no class 'Linaer'
      where: model.options.module
      expected: package.module:Class, a torch.nn.Module that Python can import from here
      did you mean: Linear
    """
    name, separator, attribute = path.partition(":")
    if not separator or not all(part.isidentifier() for part in (*name.split("."), *attribute.split("."))):
        raise SpecError(Fault(what=f"{path!r} is no path of a class", where=WHERE, expected=EXPECTED, received=path))
    module = _imported(name)
    found: object = module
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if found is None:
        raise SpecError(_missing(f"{name} has no class {attribute!r}", attribute, _classes(module)))
    if not (inspect.isclass(found) and issubclass(found, nn.Module)):
        what = f"{path} is no torch.nn.Module class, but {_kind(found)}"
        raise SpecError(_missing(what, attribute, [each for each in _classes(module) if each != attribute]))
    return found


def module_source(path: str) -> bytes:
    """A digest of the source of what was imported with the class: its package, or its file. Raises SpecError."""
    package = load_module_class(path).__module__.partition(".")[0]
    digest = hashlib.sha256()
    for name in sorted(sys.modules):
        file = getattr(sys.modules[name], "__file__", None)
        if name.partition(".")[0] == package and file and file.endswith(".py"):
            digest.update(name.encode() + b"\0" + hashlib.sha256(Path(file).read_bytes()).digest())
    return digest.digest()


def user_frame(error: BaseException) -> str:
    """Where in the user's code an error arose: `file.py:12`; empty where no frame is the user's."""
    ours = (str(Path(__file__).parents[1]), os.sep + "site-packages" + os.sep, "<frozen", os.path.dirname(os.__file__))
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not any(p in frame.filename for p in ours)
    ]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


def _imported(name: str) -> ModuleType:
    with _working_directory():
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            missing = error.name or name
            if name == missing or name.startswith(missing + "."):
                raise SpecError(_missing(f"no module {missing!r}", missing, _modules_beside(missing))) from None
            raise SpecError(_broken(name, error)) from error
        except (Exception, SystemExit) as error:
            raise SpecError(_broken(name, error)) from error


@contextmanager
def _working_directory() -> Iterator[None]:
    """It is looked into first meanwhile, and last afterwards: code that imports when it is called finds its own."""
    here = os.getcwd()
    known = here in sys.path or "" in sys.path
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)
        if not known:
            sys.path.append(here)


def _missing(what: str, name: str, names: list[str]) -> Fault:
    return Fault(what=what, where=WHERE, expected=EXPECTED, nearest=nearest(name, names))


def _broken(name: str, error: BaseException) -> Fault:
    return Fault(
        what=f"{name} fails when imported: {type(error).__name__}: {error}",
        where=user_frame(error) or WHERE,
        next_step=f"see that `python -c 'import {name}'` works in this folder",
    )


def _modules_beside(name: str) -> list[str]:
    """Names of modules that could have been meant."""
    parent, _, _ = name.rpartition(".")
    folders = list(getattr(sys.modules.get(parent), "__path__", [])) if parent else [os.getcwd()]
    return [f"{parent}.{each.name}" if parent else each.name for each in pkgutil.iter_modules(folders)]


def _classes(module: ModuleType) -> list[str]:
    return [name for name, each in vars(module).items() if inspect.isclass(each) and issubclass(each, nn.Module)]


def _kind(found: object) -> str:
    return f"the class {found.__name__}" if inspect.isclass(found) else f"a {type(found).__name__}"
