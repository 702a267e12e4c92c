"""`KnownOption`: one option that BigQuery ML's CREATE MODEL knows."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["text", "whole", "number", "bool", "texts", "any"]
"""What its value is."""

KIND_WORDS: dict[Kind, str] = {
    "text": "a text in quotes",
    "whole": "a whole number",
    "number": "a number",
    "bool": "TRUE or FALSE",
    "texts": "an array of texts: ['a']",
    "any": "a value",
}


class KnownOption(NamedTuple):
    """What is known of an option, whatever is done with it."""

    name: str
    of: tuple[str, ...]
    """The model types that BigQuery ML documents it for."""
    place: str
    """Where in a spec its value goes; empty for one that has no effect here, or is no matter of a spec."""
    kind: Kind
    default: str
    """BigQuery ML's, as its documentation writes it."""
    meaning: str
    notice: str = ""
    """What is said when it is given and has no effect here."""

    @property
    def is_of_model(self) -> bool:
        """Whether it is an option of the family, under a name of its own."""
        return self.place.startswith("model.options.")

    def accepts(self, value: object) -> bool:
        """Whether a value is of its kind (a NULL leaves it out).

        >>> option = KnownOption("L2_REG", (), "model.options.l2_reg", "number", "0", "")
        >>> option.accepts(1), option.accepts("1"), option.accepts(True)
        (True, False, False)
        """
        match self.kind:
            case "text":
                return isinstance(value, str)
            case "bool":
                return isinstance(value, bool)
            case "whole":
                return isinstance(value, int) and not isinstance(value, bool)
            case "number":
                return isinstance(value, int | float) and not isinstance(value, bool)
            case "texts":
                return isinstance(value, list) and all(isinstance(each, str) for each in value)
        return True
