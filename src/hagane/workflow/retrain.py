"""`Retrain`: in what a study's winner is trained otherwise than its trial: on its eval rows, too, or on fewer features.

With its eval rows it is trained for as long as it took on train alone, in iterations (rounds, epochs), and nothing
stops it early, since no rows are left to watch: Goodfellow, Bengio and Courville 2016, "Deep learning", algorithm 7.2.
The number is not scaled with the rows: an epoch grows by itself, and rounds of trees shrink the same error. A learning
rate that falls over the iterations falls over these.
"""

from __future__ import annotations

import msgspec

from hagane.counted import counted
from hagane.errors import Fault, SpecError
from hagane.models.options import FamilyOptions
from hagane.names_text import names_text
from hagane.spec.spec import Spec, Split
from hagane.spec.tuning import Tuning

WHERE = "tuning.retrain"


class Retrain(msgspec.Struct, frozen=True, kw_only=True):
    """What is different about the training."""

    split: Split | None = None
    """Of the spec, written out, where eval rows are trained on."""
    iterations: int | None = None
    """How many; None: as many as the options say, since eval rows ended nothing."""
    transform: dict[str, str] | None = None
    """The features that were selected; None: all."""
    dropped: tuple[str, ...] = ()
    """Those that were not."""

    def applied(self, spec: Spec) -> Spec:
        """The spec of the training: what a person would write for it.

        >>> from hagane.spec.spec import Model
        >>> spec = Spec(data="f.csv", label="y", model=Model(type="boosted_tree_regressor"))
        >>> again = Retrain(split=Split(), iterations=37).applied(spec)
        >>> again.split.eval_fraction, again.model.options
        (0.0, {'max_iterations': 37, 'early_stop': False})
        """
        if self.transform is not None:
            spec = msgspec.structs.replace(spec, transform=self.transform)
        if self.split is not None:
            spec = msgspec.structs.replace(spec, split=msgspec.structs.replace(self.split, eval_fraction=0.0))
        if self.iterations is None:
            return spec
        options = spec.model.options | {"max_iterations": self.iterations, "early_stop": False}
        return msgspec.structs.replace(spec, model=msgspec.structs.replace(spec.model, options=options))

    def describe(self) -> str:
        """For the lineage and the notes, a sentence without a full stop."""
        selected = f"without {names_text(self.dropped)}, which helped no more than noise" if self.dropped else ""
        if self.split is None:
            return f"trained {selected}"
        kept = f", for the {counted(self.iterations, 'iteration')} that it took on train" if self.iterations else ""
        again = f"trained again on the train and eval rows together{kept}"
        return f"{again}; {selected}" if selected else again


def retrain_of(split: Split, options: msgspec.Struct, best_iteration: int | None) -> Retrain:
    """How the winner is trained again: `options` are those of its trial, resolved; `split` likewise."""
    assert isinstance(options, FamilyOptions)
    stops = bool(getattr(options, "early_stop", False)) and hasattr(options, "max_iterations")
    by_steps = getattr(options, "eval_every_steps", None) is not None  # its iterations are no epochs
    iterations = max(1, best_iteration) if stops and not by_steps and best_iteration is not None else None
    return Retrain(split=split, iterations=iterations)


def check_retrain(spec: Spec, *, family: str, num_eval_rows: int, num_test_rows: int) -> None:
    """Raise SpecError where the winner cannot be trained again on all but the test rows; of a settled spec."""
    tuning, faults = spec.tuning or Tuning(), []
    if tuning.select and not num_eval_rows:
        what = "tuning.select holds trainings against each other on the eval rows, and there are none"
        faults.append(Fault(what=what, where="tuning.select", expected="split.eval_fraction > 0"))
    if not tuning.retrain:
        if faults:
            raise SpecError(*faults)
        return
    for name in ("calibration", "intervals"):
        section = getattr(spec, name)
        if section is not None and section.method != "none":
            what = f"{name} is fitted on eval rows that no training saw, and {WHERE} leaves none"
            faults.append(Fault(what=what, where=WHERE, next_step=f"leave out one of them: {name}, or {WHERE}"))
    if family.startswith("ensemble_"):
        what = f"{family} weighs or stops its members by the eval rows, and {WHERE} leaves none"
        faults.append(Fault(what=what, where=WHERE, next_step=f"leave {WHERE} out"))
    if not num_eval_rows and not tuning.folds:
        faults.append(Fault(what=f"{WHERE} adds the eval rows, and there are none", where=WHERE))
    if not num_test_rows and not tuning.folds:
        what = f"{WHERE} would leave no rows to say what the model is worth"
        faults.append(Fault(what=what, where=WHERE, expected="test rows: split.test_fraction > 0, or tuning.folds",
                            next_step="give split.test_fraction a share"))  # fmt: skip
    if faults:
        raise SpecError(*faults)
