"""The pages say what the code does: every command and option, every exit code, every key of a spec."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer.main

from hagane import errors
from hagane.features.resolve_transform import resolve_transform
from hagane.fronts.cli.app import app
from hagane.fronts.cli.run import EXIT_BUG, EXIT_INTERRUPTED
from hagane.fronts.cli.usage_error import UsageError
from hagane.models import FAMILIES, family_options, get_family
from hagane.spec.data_schema import ColumnSchema, DataSchema
from hagane.spec.read_data_schema import parse_data_schema
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Spec
from hagane.sql.functions import ANALYZERS
from hagane.types import Column, Schema, SqlType

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in (*DOCS.glob("*.md"), DOCS.parent / "README.md")}
CLI, SPEC = PAGES["cli.md"], PAGES["spec.md"]


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{path} {name}")


TREE = dict(commands(typer.main.get_command(app), "hagane"))


@pytest.mark.parametrize("path", TREE)
def test_every_command_and_option_is_on_the_page(path):
    assert f"`{path}" in CLI or path == "hagane"
    for parameter in TREE[path].params:
        for option in parameter.opts:
            assert not option.startswith("--") or f"`{option}" in CLI or f"`hagane {option}" in CLI, (path, option)


def test_the_exit_codes_are_those_of_the_errors():
    classes = [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.HaganeError)
    ]
    codes = {each.exit_code for each in classes} | {0, UsageError.exit_code, EXIT_BUG, EXIT_INTERRUPTED}
    table = CLI.split("## Exit codes")[1].split("##")[0]
    assert sorted(int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)) == sorted(codes)


def keys(struct: type[msgspec.Struct], section: str = "spec") -> Iterator[tuple[str, str, Any]]:
    for field in msgspec.structs.fields(struct):
        yield section, field.name, field.default
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from keys(field.type, field.name)


def test_every_key_of_a_spec_is_on_the_page_with_its_default():
    for section, name, default in keys(Spec):
        text = SPEC if section == "spec" else SPEC.split(f"## `{section}`")[1].split("\n## ")[0]
        row = re.search(rf"^\| `{name}` \|([^|]*)\|", text, re.MULTILINE)
        assert row, (section, name)
        if isinstance(default, str | int | float) and default != "":
            assert row[1].strip().strip("`") == str(default), (section, name)


def test_the_examples_of_specs_are_specs():
    examples = re.findall(r"```yaml\n(.*?)```", SPEC, re.DOTALL)
    assert read_yaml(examples[0]).split.method == "time"
    assert read_yaml("data: f\nlabel: y\n" + examples[1]).transform is not None


def cell(text: str) -> str:
    return text.replace("|", "\\|")


@pytest.mark.parametrize("name", ANALYZERS)
def test_every_analyzer_is_on_the_page_with_its_options(name):
    analyzer = ANALYZERS[name]
    options = (f"`{o.name}`" + ("" if o.default is None else f": {o.default}") for o in analyzer.options)
    assert f"| `{analyzer.usage}` | {cell(analyzer.doc)} | {', '.join(options)} |" in PAGES["features.md"]


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_on_the_page_with_its_options(name):
    assert f"`{name}`" in PAGES["models.md"]
    for field in msgspec.structs.fields(get_family(name).Options):
        assert f"`{field.name}`" in PAGES["models.md"], (name, field.name)


def test_every_page_is_in_the_table_of_contents():
    names = {name.removesuffix(".md") for name in PAGES} - {"index", "README"}
    assert names <= set(PAGES["index.md"].split())


@pytest.mark.parametrize("name", PAGES)
def test_links_between_pages_lead_somewhere(name):
    folder = DOCS.parent if name == "README.md" else DOCS
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", PAGES[name]):
        assert target.startswith("http") or (folder / target).exists(), target


def test_the_readmes_spec_is_one():
    example = re.search(r"```yaml\n(.*?)```", PAGES["README.md"], re.DOTALL)
    assert example
    spec = read_yaml(example[1])
    columns = {"distance": "INT64", "departure": "TIMESTAMP", "wind_speed": "FLOAT64"}
    names = ("distance", "departure", "wind_speed", "origin", "dest", "carrier")
    schema = Schema(tuple(Column(column, SqlType(columns.get(column, "STRING"))) for column in names))
    assert spec.transform is not None
    assert set(resolve_transform(spec.transform, schema, accepts_missing=False)) == set(spec.transform)
    assert family_options(spec.model.type, spec.model.options)


def test_the_example_of_a_schema_is_one_and_every_key_is_on_the_page():
    page = PAGES["schema.md"]
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert example
    assert parse_data_schema(example[1]).columns["pickup"].min == "2013-01-01"
    for struct in (DataSchema, ColumnSchema):
        for field in msgspec.structs.fields(struct):
            assert re.search(rf"^\| [^|]*`{field.name}`[^|]* \|", page, re.MULTILINE), field.name


def test_the_floors_of_the_house_are_those_of_the_contract():
    root = DOCS.parent
    contract = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = [set(re.findall(r"hagane\.(\w+)", layer)) for layer in contract[0]["layers"]]
    floors = {room: number for number, layer in enumerate(reversed(layers)) for room in layer}
    rooms = {path.stem for path in (root / "src" / "hagane").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert rooms - {"__init__", "__pycache__", "py"} == floors.keys()
    table = re.findall(r"^\| (\d) \| (.*) \|$", PAGES["architecture.md"], re.MULTILINE)
    shown = [(int(floor), re.findall(r"`(\w+)`", text)) for floor, text in table]
    listed = {room: floor for floor, names in shown for room in names if room in floors}
    assert listed.keys() == floors.keys()
    higher = sorted(listed, key=lambda room: (listed[room], floors[room]))
    assert [floors[room] for room in higher] == sorted(floors.values())


def test_every_decision_is_in_the_index():
    index = (DOCS / "adr" / "index.md").read_text(encoding="utf-8")
    assert {path.stem for path in (DOCS / "adr").glob("0*.md")} == set(re.findall(r"^\d{4}-.*$", index, re.MULTILINE))
