"""What Python declares is what YAML declares: equal specs, equal faults."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pytest

from hagane.errors import SpecError
from hagane.spec.data_schema import DataSchema
from hagane.spec.decode_python import decode_python
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Spec, Training
from hagane.types import SqlType


def test_values_of_other_libraries_are_what_they_stand_for() -> None:
    declared = {
        "seed": np.int64(3),
        "max_bad_rows_fraction": np.float32(0.5),
        "class_weights": {np.True_: 2, 5: np.float64(3)},
    }
    assert decode_python(declared, Training) == Training(
        seed=3, max_bad_rows_fraction=0.5, class_weights={"true": 2.0, "5": 3.0}
    )
    assert decode_python({"data": [Path("a.csv")], "label": 3}, Spec).data == ("a.csv",)
    column = {"type": SqlType.DATE, "min": datetime.date(2020, 1, 2), "domain": None}
    assert decode_python({"columns": {"day": column}}, DataSchema).columns["day"].min == "2020-01-02"


def test_faults_are_those_of_yaml_but_for_their_places() -> None:
    text = "data: f.csv\nlable: y\nsplit: {method: rndom, seed: 0.5, stratify: maybe}\nexclude: x\ntraining: [1]\n"
    with pytest.raises(SpecError) as of_yaml:
        read_yaml(text)
    with pytest.raises(SpecError) as of_python:
        decode_python(
            {
                "data": "f.csv",
                "lable": "y",
                "split": {"method": "rndom", "seed": 0.5, "stratify": "maybe"},
                "exclude": "x",
                "training": [1],
            },
            Spec,
        )

    def told(error: SpecError) -> set[tuple[str, str, str, str]]:
        return {(fault.what, fault.expected, fault.received, fault.nearest) for fault in error.faults}

    assert told(of_python.value) == told(of_yaml.value)
    places = {fault.where for fault in of_python.value.faults}
    assert places == {"", "split.method", "split.seed", "exclude", "training"}
