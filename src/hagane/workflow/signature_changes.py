"""`signature_changes`: what callers of one model would find changed if another answered them."""

from __future__ import annotations

from hagane.bundle.signature import Signature
from hagane.errors import Fault, nearest


def signature_changes(before: Signature, after: Signature) -> list[Fault]:
    """Every difference of `after` that a request or a reader of answers may break on, a fault each.

    >>> from hagane.bundle.signature import Input
    >>> from hagane.types import SqlType
    >>> old = Signature(inputs=(Input(name="age", type=SqlType.INT64),), task="regression", label="income",
    ...                 label_type=SqlType.FLOAT64, model_type="linear_reg")
    >>> new = Signature(inputs=(Input(name="age", type=SqlType.STRING),), task="regression", label="wage",
    ...                 label_type=SqlType.FLOAT64, model_type="linear_reg")
    >>> [fault.what for fault in signature_changes(old, new)]
    ["the column age is another type's", 'the label is another: answers would be called predicted_wage']
    """
    old, new = ({column.name: column.type for column in each.inputs} for each in (before, after))
    faults = []
    for name in new.keys() - old.keys():
        near = nearest(name, old.keys() - new.keys())
        faults.append(Fault(what=f"the column {name} is new: callers do not send it", where=name, nearest=near))
    for name in old.keys() - new.keys():
        faults.append(Fault(what=f"the column {name} is gone: a request that has it would be refused", where=name))
    for name in old.keys() & new.keys():
        if old[name] is not new[name]:
            what = f"the column {name} is another type's"
            faults.append(Fault(what=what, where=name, expected=old[name].value, received=new[name].value))
    faults.sort(key=lambda fault: fault.where)
    if not faults and list(old) != list(new):
        what = "the columns are in another order: rows sent as lists would be misread"
        faults.append(Fault(what=what, expected=", ".join(old), received=", ".join(new)))
    return faults + _answers(before, after)


def _answers(before: Signature, after: Signature) -> list[Fault]:
    if before.task != after.task:
        what = "the task is another: answers would be of another kind"
        return [Fault(what=what, where="task", expected=before.task, received=after.task)]
    if before.label != after.label:
        what = f"the label is another: answers would be called {after.prediction_name}"
        return [Fault(what=what, where="label", expected=before.label, received=after.label)]
    if before.label_type is not after.label_type:
        expected, received = before.label_type.value, after.label_type.value
        return [Fault(what="the label is another type's", where="label", expected=expected, received=received)]
    olds, news = ({one.name: one.classes for one in each.labels} for each in (before, after))
    if (olds, set(before.classes)) != (news, set(after.classes)):
        expected, received = _classes(before), _classes(after)
        return [Fault(what="the classes are others", where="classes", expected=expected, received=received)]
    return []


def _classes(signature: Signature) -> str:
    classes = [str(each) for each in signature.classes] or [one.name for one in signature.labels]
    return ", ".join(classes[:20]) + (f" and {len(classes) - 20} more" if len(classes) > 20 else "")
