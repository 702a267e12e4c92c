"""`hagane demo`: from raw flights to a served model, as its user would do it step by step."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from hagane.counted import counted
from hagane.fronts.cli.console import Output, json_text
from hagane.fronts.demo_data import AFTERWARDS, LEAKY_QUERY, QUERY, unpack_flights
from hagane.number_text import percent_text

if TYPE_CHECKING:
    from hagane.spec.spec import Spec
    from hagane.workflow.train import TrainResult
    from hagane.workspace.workspace import Workspace

FAMILIES = {"boosted_tree_classifier": "late_trees", "dnn_classifier": "late_network"}
OPTIONS = {"boosted_tree_classifier": {}, "dnn_classifier": {"max_iterations": 6}}
"""The network's learning rate falls over its epochs: six are enough here, and the demo is to be short."""
DESCRIBED = (
    "departure",
    "carrier",
    "dest",
    "distance",
    "sched_dep_time",
    "aircraft",
    "temp",
    "wind_gust",
    "visib",
    "late",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said about one flight."""

    url: str
    instance: dict[str, Any]
    response: dict[str, Any]
    milliseconds: float
    arrived_late: bool


def run(output: Output) -> dict[str, Any]:
    """The whole demo; what `--json` prints of it."""
    from hagane.workspace.workspace import Workspace

    began = time.monotonic()
    workspace = Workspace()
    output.show(Text.assemble(("\nHagane", "bold"), " — will this flight arrive 15 minutes late, or more?"))
    step(output, 1, "The data: flights from New York in 2013, weather, planes, airports")
    folder = unpack_flights(workspace.root / "demo")
    query = QUERY.format(folder=_quoted(folder))
    output.show(
        Padding(Syntax(query, "sql", theme="ansi_dark", background_color="default", word_wrap=True), (0, 0, 1, 2))
    )
    leaks = show_data(output, query, folder)
    specs = {family: spec_of(query, family, name) for family, name in FAMILIES.items()}
    results = {}
    for number, (family, spec) in enumerate(specs.items(), 2):
        step(output, number, f"Train {family}, preprocessing automatic")
        results[family] = train_one(output, spec, workspace)
    step(output, 4, "Evaluate both on the last 20 % of the flights, held out")
    best = show_evaluations(output, results)
    spec_path = save_spec(results[best].spec, folder)
    step(output, 5, "Serve the better one, and ask it over HTTP")
    answer = ask(results[best], query)
    show_answer(output, answer)
    show_next(output, results[best], spec_path, time.monotonic() - began)
    return document(results, leaks, answer, time.monotonic() - began)


def step(output: Output, number: int, title: str) -> None:
    """A heading."""
    output.show(
        Text.assemble(("\n" if number > 1 else "", ""), (f" {number} ", "reverse bold"), " ", (title, "bold")), ""
    )


def show_data(output: Output, query: str, folder: Path) -> tuple[Any, ...]:
    """A few columns of the table, and what must not be among them; the suspected leaks."""
    from hagane.data.open_table import open_table
    from hagane.fronts.cli.render_statistics import render_statistics
    from hagane.statistics.measure import measure_statistics
    from hagane.workflow.look_for_leaks import look_for_leaks

    table = open_table(query, progress=output.progress)
    output.show(render_statistics(measure_statistics(table, progress=output.progress), columns=DESCRIBED))
    leaky = open_table(LEAKY_QUERY.format(folder=_quoted(folder)), progress=output.progress)
    leaks = look_for_leaks(leaky, "late", measure_statistics(leaky, progress=output.progress), output.progress)
    for leak in leaks:
        output.show(Text.assemble(("suspected leak: ", "yellow"), (leak.column, "bold"), f" — {leak.reason}"))
    names = ", ".join(AFTERWARDS)
    output.show(Text(f"Known only after departure, so the query leaves them out: {names}.", "dim"))
    return leaks


def spec_of(query: str, family: str, name: str) -> Spec:
    """What is trained: the query, split by the time of departure."""
    from hagane.spec.spec import Evaluation, Model, Spec, Split

    split = Split(method="time", column="departure", eval_fraction=0.1, test_fraction=0.2)
    return Spec(
        data=query,
        label="late",
        name=name,
        split=split,
        model=Model(type=family, options=OPTIONS[family]),
        evaluation=Evaluation(slices=("origin",)),
    )


def train_one(output: Output, spec: Spec, workspace: Workspace) -> TrainResult:
    """Train one family, and show which SQL its features are."""
    from hagane.workflow.train import train

    result = train(spec, workspace=workspace, progress=output.progress)
    features = list((result.spec.transform or {}).items())
    shown = ("distance", "carrier", "temp")
    lines = [f"{name}: {sql}" for name, sql in features if name in shown]
    output.show(Text(f"\n{counted(len(features), 'feature')}, each a SQL expression; for example", "dim"))
    output.show(
        Padding(
            Syntax("\n".join(lines), "yaml", theme="ansi_dark", background_color="default", word_wrap=True),
            (0, 0, 0, 2),
        )
    )
    for note in result.notes:
        output.progress.note(note)
    return result


def show_evaluations(output: Output, results: Mapping[str, TrainResult]) -> str:
    """Both models beside the baseline; the family with the higher ROC AUC."""
    from hagane.fronts.cli.render_evaluation import render_evaluation

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("", *results, "baseline"):
        table.add_column(name, justify="left" if not name else "right")
    evaluations = [result.evaluation for result in results.values()]
    for row in evaluations[0].metric_rows():
        values = [evaluation.metrics.get(row.name) for evaluation in evaluations]
        table.add_row(row.title, *(_figure(v) for v in values), _figure(row.baseline))
    table.add_row("training", *(f"{result.duration_seconds:.0f} s" for result in results.values()), "", style="dim")
    best = max(results, key=lambda family: results[family].evaluation.metrics["roc_auc"] or 0.0)
    output.show(table, Text.assemble("\nThe better one, ", (best, "bold"), ", in full:\n"))
    output.show(render_evaluation(results[best].evaluation))
    return best


def save_spec(spec: Spec, folder: Path) -> Path:
    """The resolved spec as a file to edit."""
    from hagane.spec.write_yaml import write_commented_yaml

    path = folder / "late.yaml"
    path.write_text(
        write_commented_yaml(spec, header="The demo's better model. Edit it, then: hagane train " + str(_shown(path)))
    )
    return path


def ask(result: TrainResult, query: str) -> Answer:
    """Start the server on the bundle, send the last flight of the year as raw JSON, and stop it again."""
    from hagane.bundle.bundle import Bundle
    from hagane.serving import ServerThread

    instance, late = a_flight(result, query)
    with ServerThread(Bundle.load(result.bundle)) as server:
        url = f"{server.url}/predict"
        post(url, {"instances": [instance]})
        began = time.perf_counter()
        response = post(url, {"instances": [instance]})
        milliseconds = (time.perf_counter() - began) * 1e3
    return Answer(url, instance, response, milliseconds, late)


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    """Send JSON, receive JSON."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def a_flight(result: TrainResult, query: str) -> tuple[dict[str, Any], bool]:
    """One held-out flight as JSON, and whether it was late: the first evening flight out of JFK from 22 December on."""
    from hagane.bundle.bundle import Bundle
    from hagane.data.open_table import open_table
    from hagane.workflow.instances import instances_of

    row = open_table(query).query(
        "SELECT * FROM data WHERE origin = 'JFK' AND sched_dep_time BETWEEN 1700 AND 1900 "
        "AND departure >= '2013-12-22 00:00:00+00' "
        "ORDER BY departure, sched_dep_time, carrier, dest, distance, sched_arr_time LIMIT 1"
    )
    instance = instances_of(row.combine_chunks().to_batches()[0])[0]
    late = instance.pop("late")
    names = Bundle.load(result.bundle).signature.names
    return {name: instance[name] for name in names}, bool(late)


def show_answer(output: Output, answer: Answer) -> None:
    """Request, response, and what it means."""
    output.show(Text.assemble(("POST ", "bold"), answer.url))
    for document in ({"instances": [answer.instance]}, answer.response):
        output.show(
            Padding(
                Syntax(_compact(document), "json", theme="ansi_dark", background_color="default", word_wrap=True),
                (0, 0, 1, 2),
            )
        )
    prediction = answer.response["predictions"][0]
    chance = next(pair["prob"] for pair in prediction["predicted_late_probs"] if pair["label"] is True)
    verdict = "late" if prediction["predicted_late"] else "on time"
    truth = "late" if answer.arrived_late else "on time"
    output.show(
        Text.assemble(
            "Predicted ",
            (verdict, "bold"),
            ": probability of being late ",
            (percent_text(chance), "bold"),
            f" (in truth it was {truth}), answered in {answer.milliseconds:.1f} ms.",
        )
    )


def show_next(output: Output, result: TrainResult, spec_path: Path, seconds: float) -> None:
    """What to try next."""
    size = sum(file.stat().st_size for file in result.bundle.iterdir())
    output.show(
        Text.assemble(
            "\n",
            (" done ", "reverse bold green"),
            f" {seconds:.0f} s. The bundle is {size / 1e6:.1f} MB: {_shown(result.bundle)}\n",
        )
    )
    table = Table(
        box=None, pad_edge=False, show_header=False, title="Try next", title_justify="left", title_style="bold"
    )
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(style="dim")
    name = result.version.name
    for command, meaning in (
        (f"hagane evaluate {name} --html report.html", "the whole report as a page"),
        (f"hagane serve {name}", "the same server, to stay"),
        (f"hagane compare {' '.join(FAMILIES.values())}", "both, side by side"),
        (f"hagane train {_shown(spec_path)}", "after editing a feature's SQL"),
        ("hagane init YOUR.csv --label COLUMN", "your own data"),
    ):
        table.add_row(escape(command), meaning)
    output.show(table)


def document(
    results: Mapping[str, TrainResult], leaks: tuple[Any, ...], answer: Answer, seconds: float
) -> dict[str, Any]:
    """The demo for programs."""
    return {
        "models": {
            family: {"model": result.version, "metrics": result.evaluation.metrics}
            for family, result in results.items()
        },
        "leaks": leaks,
        "request": {"url": answer.url, "instances": [answer.instance]},
        "response": answer.response,
        "arrived_late": answer.arrived_late,
        "seconds": round(seconds, 1),
    }


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _compact(document: dict[str, Any]) -> str:
    text = json.dumps(document, ensure_ascii=False)
    return text if len(text) < 2_000 else json_text(document)


def _quoted(path: Path) -> str:
    """The path within a SQL string."""
    return str(_shown(path)).replace("'", "''")


def _shown(path: Path) -> Path:
    """The path as short as it can be told from here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
