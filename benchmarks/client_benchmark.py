"""The commands of `python -m benchmarks client`: what the client costs, survives and leaves behind."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.console import Console

from benchmarks import client_chaos, client_echo, client_memory
from benchmarks.client_server import echo_server
from benchmarks.report import Report, machine, save, show

SAVE = click.option("--save", "is_saved", is_flag=True, help="Write the figures to benchmarks/results/.")


@click.group()
def client() -> None:
    """The client beside bare tritonclient; in a server's crashes; and over many calls."""


@client.command()
@click.option("--rounds", default=500, show_default=True, help="Timed calls of each size on each side.")
@SAVE
def echo(rounds: int, is_saved: bool) -> None:
    """A picture there and back, beside a bare tritonclient program."""
    console, place = Console(), machine()
    with echo_server() as server, console.status("echo"):
        costs = [client_echo.echo_cost(server.address, side, rounds) for side in client_echo.GOALS_MS]
    figures = {
        "sizes": [asdict(cost) | {"ratio": cost.ratio, "ratio_to_passing": cost.ratio_to_passing} for cost in costs]
    }
    title = "The client beside bare tritonclient"
    report = Report("client-echo", title, place, client_echo.goals(costs), (client_echo.table(costs),), figures)
    _publish(report, console, is_saved)


@client.command()
@click.option("--calls", default=5000, show_default=True)
@click.option("--in-flight", default=64, show_default=True, help="Calls under way at any time.")
@SAVE
def chaos(calls: int, in_flight: int, is_saved: bool) -> None:
    """Many calls at once while the server is killed and started again twice."""
    console, place = Console(), machine()
    with echo_server() as server, console.status("chaos") as status:
        found = client_chaos.measure_chaos(server, calls, in_flight, status.update)
    tables = (client_chaos.table(found, in_flight),)
    title = "Calls while the server crashes"
    report = Report("client-chaos", title, place, client_chaos.goals(found), tables, asdict(found))
    _publish(report, console, is_saved)


@client.command()
@click.option("--calls", default=50_000, show_default=True)
@SAVE
def memory(calls: int, is_saved: bool) -> None:
    """What many calls leave behind."""
    console, place = Console(), machine()
    with echo_server() as server, console.status("memory") as status:
        use = client_memory.measure_memory(server.address, calls, status.update)
    title = "What many calls leave behind"
    figures = asdict(use) | {"growth_mb": use.growth_mb}
    report = Report("client-memory", title, place, client_memory.goals(use), (client_memory.table(use),), figures)
    _publish(report, console, is_saved)


def _publish(report: Report, console: Console, is_saved: bool) -> None:
    show(report, console)
    if is_saved:
        for path in save(report):
            console.print(f"written: {path}")
