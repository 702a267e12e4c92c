"""`hagane demo`: the whole way, on real flights."""

from __future__ import annotations

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import JsonOption


def demo(json: JsonOption = False) -> None:
    """See it all once: train, evaluate and serve a model of real flights.

    Needs the demo extra: [bold]pip install 'hagane\\[demo]'[/bold]. Takes under three minutes.

    [dim]Example:[/dim]  hagane demo
    """
    from hagane.fronts.demo import run

    output = Output(json=json)
    output.result(run(output))
