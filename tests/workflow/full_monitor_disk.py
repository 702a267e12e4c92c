"""A history on a disk that fills up: `unshare -rm python full_monitor_disk.py FOLDER`; prints what happened as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.serving.request_log import made_hours

from hagane.errors import StorageError
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.model_file import write_model_file
from hagane.spec.monitoring import Monitoring
from hagane.workflow.summarise_log import summarise_log
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace

FIRST = 20_000 * 24
HOURS, ROWS = 20, 2_000
ASKED = Monitoring(every="hour")


def main(folder: Path) -> None:
    """Hours of rows, and room for the summaries of some of them."""
    place = Workspace(folder)
    log = LogFolder(place.logs_folder, "e")
    write_model_file(log, made_hours.model())
    for hour in range(HOURS):
        made_hours.write_hour(log, FIRST + hour, range(hour * ROWS, hour * ROWS + ROWS), files=1)
    place.monitoring_folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(place.monitoring_folder)], check=True)
    ballast = place.monitoring_folder / "ballast"
    ballast.write_bytes(bytes(260 * 1024))
    told = ""
    try:
        summarise_log("e", workspace=place, monitoring=ASKED)
    except StorageError as error:
        told = str(error)
    kept = [each.num_rows for each in WindowSummaries(place.monitoring_folder, "e").between("hour")]
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", str(place.monitoring_folder)], check=True)
    again = len(summarise_log("e", workspace=place, monitoring=ASKED).windows)
    after = [each.num_rows for each in WindowSummaries(place.monitoring_folder, "e").between("hour")]
    sys.stdout.write(json.dumps({"told": told, "kept": kept, "again": again, "after": after}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
