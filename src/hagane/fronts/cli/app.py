"""The command line's table of contents: every command, in the order in which one needs them."""

from __future__ import annotations

from typing import Annotated

import typer

from hagane.fronts.cli.automl import automl
from hagane.fronts.cli.cache import cache
from hagane.fronts.cli.compare import compare
from hagane.fronts.cli.demo import demo
from hagane.fronts.cli.deploy import deploy
from hagane.fronts.cli.describe import describe
from hagane.fronts.cli.endpoints import endpoints
from hagane.fronts.cli.erase import erase
from hagane.fronts.cli.evaluate import evaluate
from hagane.fronts.cli.explain import explain
from hagane.fronts.cli.feedback import feedback
from hagane.fronts.cli.import_model import import_model
from hagane.fronts.cli.init import init
from hagane.fronts.cli.launch import launch
from hagane.fronts.cli.learning_curve import learning_curve
from hagane.fronts.cli.logs import logs
from hagane.fronts.cli.models import models
from hagane.fronts.cli.monitor import monitor
from hagane.fronts.cli.options import FLAG
from hagane.fronts.cli.outliers import outliers
from hagane.fronts.cli.package import package
from hagane.fronts.cli.policy import policy
from hagane.fronts.cli.predict import predict
from hagane.fronts.cli.replay import replay
from hagane.fronts.cli.rollback import rollback
from hagane.fronts.cli.runs import runs
from hagane.fronts.cli.schema import schema
from hagane.fronts.cli.serve import serve
from hagane.fronts.cli.sign import inspect, sign, verify
from hagane.fronts.cli.sql import sql
from hagane.fronts.cli.termination import ended_by_sigterm
from hagane.fronts.cli.tokens import tokens
from hagane.fronts.cli.train import train
from hagane.fronts.cli.training_info import training_info
from hagane.fronts.cli.tune import tune
from hagane.fronts.cli.undeploy import undeploy
from hagane.fronts.cli.weights import weights

PANEL_START = "Start"
PANEL_FORGE = "From rows to a model"
PANEL_USE = "Use it"

app = typer.Typer(
    name="hagane",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes and every option: docs/cli.md",
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"hagane {version('hagane')}")
        raise typer.Exit


@app.callback()
def hagane(
    version: Annotated[
        bool,
        typer.Option("--version", metavar=FLAG, callback=_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Raw rows in, a trained, tested, served model out.

    Features are SQL; they are compiled once into a graph that trains, serves and travels.
    """


app.command(rich_help_panel=PANEL_START)(demo)
app.command(rich_help_panel=PANEL_START)(describe)
app.add_typer(schema, name="schema", rich_help_panel=PANEL_START)
app.command(rich_help_panel=PANEL_START)(outliers)
app.command(rich_help_panel=PANEL_START)(ended_by_sigterm(sql))
app.command(rich_help_panel=PANEL_FORGE)(init)
app.command(rich_help_panel=PANEL_FORGE)(ended_by_sigterm(train))
app.command(rich_help_panel=PANEL_FORGE)(ended_by_sigterm(tune))
app.command(rich_help_panel=PANEL_FORGE)(ended_by_sigterm(automl))
app.command("import", rich_help_panel=PANEL_FORGE)(import_model)
app.command(rich_help_panel=PANEL_FORGE)(evaluate)
app.command(rich_help_panel=PANEL_FORGE)(compare)
app.command(rich_help_panel=PANEL_FORGE)(weights)
app.command("training-info", rich_help_panel=PANEL_FORGE)(training_info)
app.command("learning-curve", rich_help_panel=PANEL_FORGE)(ended_by_sigterm(learning_curve))
app.command(rich_help_panel=PANEL_FORGE, context_settings={"allow_interspersed_args": False})(launch)
app.command(rich_help_panel=PANEL_USE)(ended_by_sigterm(predict))
app.command(rich_help_panel=PANEL_USE)(explain)
app.command(rich_help_panel=PANEL_USE)(serve)
app.command(rich_help_panel=PANEL_USE)(deploy)
app.command(rich_help_panel=PANEL_USE)(undeploy)
app.command(rich_help_panel=PANEL_USE)(rollback)
app.add_typer(endpoints, name="endpoints", rich_help_panel=PANEL_USE)
app.command(rich_help_panel=PANEL_USE)(package)
app.add_typer(models, name="models", rich_help_panel=PANEL_USE)
app.command(rich_help_panel=PANEL_USE)(inspect)
app.command(rich_help_panel=PANEL_USE)(sign)
app.command(rich_help_panel=PANEL_USE)(verify)
app.add_typer(tokens, name="tokens", rich_help_panel=PANEL_USE)
app.command(rich_help_panel=PANEL_USE)(ended_by_sigterm(monitor))
app.command(rich_help_panel=PANEL_USE)(ended_by_sigterm(policy))
app.add_typer(logs, name="logs", rich_help_panel=PANEL_USE)
app.command(rich_help_panel=PANEL_USE)(replay)
app.command(rich_help_panel=PANEL_USE)(feedback)
app.command(rich_help_panel=PANEL_USE)(erase)
app.add_typer(runs, name="runs", rich_help_panel=PANEL_USE)
app.command(rich_help_panel=PANEL_USE)(cache)
