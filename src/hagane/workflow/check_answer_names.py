"""`check_answer_names`: what is answered for one of several labels must not be called as what is for another."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.errors import Fault, SpecError

ANSWERS = {"_probs": "its probabilities are", "_labels": "its classes are for clients of tensors"}
"""What a label of classes is answered with besides `predicted_<label>`: by what its name ends in."""


def check_answer_names(labels: Sequence[str]) -> None:
    """Raise SpecError where a label of classes and another of `labels` would be answered under one name.

    >>> check_answer_names(("fog", "rain"))
    >>> try:
    ...     check_answer_names(("fog", "fog_probs"))
    ... except SpecError as error:
    ...     print(error.faults[0].received)
    fog, fog_probs
    """
    known = set(labels)
    faults = [
        Fault(
            what=f"'predicted_{label}{end}' would be the answer for the label '{label}{end}', and what {told} called "
            f"of the label '{label}'",
            where="label",
            expected="labels whose answers have names of their own",
            received=f"{label}, {label}{end}",
            next_step=f"rename '{label}{end}' in the data query",
        )
        for label in labels
        for end, told in ANSWERS.items()
        if f"{label}{end}" in known
    ]
    if faults:
        raise SpecError(*faults)
