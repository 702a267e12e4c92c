"""The fields of a request whose body is a JSON object; a field that the protocol does not know is a fault."""

from __future__ import annotations

from hagane.bundle.faults import describe
from hagane.errors import Fault, nearest
from hagane.serving.http import HttpError
from hagane.serving.json_body import read_json


class JsonFields:
    """A body's fields, and what is wrong with them so far.

    `known` are the names that the protocol has; the first of them is shown as an example. Raises HttpError 400 for a
    body that is no object.

    >>> fields = JsonFields(b'{"instances": [], "instance": 1}', ("instances", "parameters"))
    >>> fields["instances"], "parameters" in fields, fields.faults[0].nearest
    ([], False, 'instances')
    """

    def __init__(self, body: bytes, known: tuple[str, ...]) -> None:
        value = read_json(body)
        if not isinstance(value, dict):
            expected = f'{{"{known[0]}": [...]}}'
            raise HttpError(400, Fault(what="the body is not an object", expected=expected, received=describe(value)))
        self._known = known
        self._fields = value
        self.faults = [self._unknown(name) for name in value if name not in known]

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def __getitem__(self, name: str) -> object:
        return self._fields[name]

    def get(self, name: str) -> object:
        """The field, or None."""
        return self._fields.get(name)

    def refuse(self, name: str, what: str) -> None:
        """A field that must be an empty object, null, or not there: a fault where it is anything else."""
        value = self._fields.get(name)
        if value is not None and value != {}:
            self.faults.append(Fault(what=what, where=name, received=describe(value)))

    def one_of(self, *names: str, expected: str = "a list of rows") -> str:
        """Which of these is there. Raises HttpError 400, with the faults so far, where it is none or several."""
        there = [name for name in names if name in self._fields]
        if len(there) == 1:
            return there[0]
        if there:
            fault = Fault(what=f"{' and '.join(there)} at once", expected=f"one of {', '.join(names)}")
        else:
            what = f"no {names[0]}" if len(names) == 1 else f"none of {', '.join(names)}"
            fault = Fault(what=what, where=names[0] if len(names) == 1 else "", expected=expected)
        raise HttpError(400, fault, *self.faults)

    def _unknown(self, name: str) -> Fault:
        near = nearest(name[:100], self._known)
        what = f"{name[:60]!a} is no field of a request"
        return Fault(what=what, nearest=near, expected="" if near else ", ".join(self._known))
