"""`serve_trials`: the trials of a study that another process conducts."""

from __future__ import annotations

from typing import BinaryIO

import msgspec

from hagane.errors import Fault, HaganeError
from hagane.tuning.reason_of import reason_of
from hagane.tuning.run_trial import InfeasibleTrialError, RunTrial
from hagane.tuning.trial import Measurement
from hagane.tuning.worker_messages import Answer, Broken, Ended, FromWorker, Measured, Ready, RunIt, ToWorker, line_of


def serve_trials(run: RunTrial, reading: BinaryIO, writing: BinaryIO) -> None:
    """Run what is asked for until there is nothing more to read. Whatever breaks in a trial is told."""
    decoder = msgspec.json.Decoder(ToWorker)

    def tell(message: FromWorker) -> None:
        writing.write(line_of(message))
        writing.flush()

    def report(measurement: Measurement) -> bool:
        tell(Measured(measurement))
        answer = decoder.decode(reading.readline())
        assert isinstance(answer, Answer)
        return answer.is_to_end

    tell(Ready())
    for line in iter(reading.readline, b""):
        asked = decoder.decode(line)
        assert isinstance(asked, RunIt)
        try:
            outcome = run(asked.number, asked.parameters, report)
        except Exception as error:
            tell(_broken(error))
        else:
            tell(Ended(outcome))


def _broken(error: Exception) -> Broken:
    faults = error.faults if isinstance(error, HaganeError) else (Fault(what=reason_of(error)),)
    return Broken(faults, isinstance(error, InfeasibleTrialError))
