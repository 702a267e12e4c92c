"""`python killed_predictions.py FOLDER BUNDLE DATA OUT`: predictions that are killed before a change of their files.

Every change that Python makes under FOLDER (a file opened to be written, a rename, a folder made or removed) has a
number. A prediction is killed before the first change, the next one before the second, and so on to the last; each is
then started again. Writes, as a JSON line each, what was about to change, how the second ended, what it found
done, and what is there at the end. Processes are forks of one that has loaded everything.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

from hagane.workflow import predict, prediction_batch_rows
from hagane.workspace.workspace import Workspace

SMALL = ((prediction_batch_rows, "BATCH_ROWS", 1_024), (predict, "PART_ROWS", 2_000))
"""So that a few thousand rows are several parts."""


def main(folder: Path, bundle: str, data: str, out: str) -> None:
    """One moment after another."""
    from killed_at_changes import about  # beside this program

    number = 0
    while True:
        place = folder / str(number)
        place.mkdir(parents=True)
        killed = forked(place, bundle, data, out, number)
        before = sorted(path.name for path in place.rglob("*.parquet"))
        code = forked(place, bundle, data, out, 0) if number else killed
        line = {"number": number, "change": about(place), "killed": killed, "code": code, "before": before,
                "rows_before": int((place / "before").read_text()), "left": sorted(path.name for path in
                place.iterdir() if path.name not in ("before", "tmp"))}  # fmt: skip
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        if number and killed == 0:
            return
        number += 1


def forked(place: Path, bundle: str, data: str, out: str, number: int) -> int:
    """Predict in a process of its own, killed before its change `number` (0: not): how it ended."""
    from killed_at_changes import Killer, exit_quietly

    process = os.fork()
    if process == 0:
        code = 1
        try:
            for module, name, value in SMALL:
                setattr(module, name, value)
            (place / "tmp").mkdir(exist_ok=True)
            os.environ["TMPDIR"] = str(place / "tmp")
            if number:
                sys.addaudithook(Killer(place, number))
            summary = predict.predict_file(bundle, data, f"{place}/{out}", workspace=Workspace(place / "home"))
            (place / "before").write_text(str(summary.num_rows_before))
            code = 0
        except BaseException:
            traceback.print_exc()
        sys.stderr.flush()
        exit_quietly(code)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:5])
