"""`read_data_schema`: a YAML file → `DataSchema`, every fault at once, each with its line."""

from __future__ import annotations

from pathlib import Path

from hagane.errors import Fault, SpecError
from hagane.spec.check import located
from hagane.spec.check_data_schema import data_schema_faults
from hagane.spec.data_schema import DataSchema
from hagane.spec.decode import FAILED, Decoder, type_of
from hagane.spec.read_yaml import in_order, read_text
from hagane.spec.yaml_node import parse_yaml


def read_data_schema(path: Path | str) -> DataSchema:
    """The schema in the file at `path`. Raises NotFoundError, DataError (not UTF-8) or SpecError."""
    text = read_text(Path(path), written_by="hagane schema infer DATA", thing="schema")
    return parse_data_schema(text, path=str(path))


def parse_data_schema(text: str, *, path: str = "schema.yaml") -> DataSchema:
    """The schema that `text` declares; `path` is what faults call the file. Raises SpecError with all faults.

    >>> parse_data_schema("columns: {zip: {type: STRING, domain: [no, x1]}}").columns["zip"].domain
    ('no', 'x1')
    >>> parse_data_schema("columns:\\n  age: {type: INT}\\n  job: {type: STRING, domian: [pilot]}")
    Traceback (most recent call last):
    hagane.errors.SpecError: 2 faults
    1. 'columns.age.type' cannot be 'INT'
      where: schema.yaml:2
      expected: one of BOOL, INT64, FLOAT64, STRING, TIMESTAMP, DATE...
      received: 'INT'
      did you mean: INT64
    2. 'columns.job' has no key 'domian'
      where: schema.yaml:3
      did you mean: domain
    """
    faults: list[Fault] = []
    node = parse_yaml(text, path=path, faults=faults)
    decoder = Decoder(path, faults, subject="schema")
    schema = decoder.decode(node, type_of(DataSchema), "")
    if isinstance(schema, DataSchema):
        faults += [located(fault, decoder.lines, path) for fault in data_schema_faults(schema)]
    if faults or schema is FAILED:
        raise SpecError(*in_order(faults, path))
    assert isinstance(schema, DataSchema)
    return schema
