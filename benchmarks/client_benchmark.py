"""The commands of `python -m benchmarks client`: what the client costs, survives and leaves behind."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.console import Console

from benchmarks import client_chaos, client_echo, client_memory, idle_processors
from benchmarks.client_server import echo_server
from benchmarks.report import Report, machine, save, show

SAVE = click.option("--save", "is_saved", is_flag=True, help="Write the figures to benchmarks/results/.")


@click.group()
def client() -> None:
    """The client beside bare tritonclient; in a server's crashes; and over many calls."""


@client.command()
@click.option("--rounds", default=1000, show_default=True, help="Timed calls of each size on each side.")
@SAVE
def echo(rounds: int, is_saved: bool) -> None:
    """A picture there and back, beside a bare tritonclient program.

    On a virtual machine whose processors this process may keep awake it is measured so too: how they wait is a
    setting of the machine, and makes more of a difference than any client.
    """
    console, place = Console(), machine() | {"halt_polling_ns": idle_processors.halt_polling_ns()}
    found: dict[str, list[client_echo.EchoCost]] = {}
    with echo_server() as server, console.status("echo"):

        def measure() -> list[client_echo.EchoCost]:
            return [client_echo.echo_cost(server.address, side, rounds) for side in client_echo.GOALS_MS]

        found["the machine as it is"] = measure()
        if idle_processors.can_be_kept_awake():
            with idle_processors.awake():
                found["processors kept awake"] = measure()
    goals = [goal for where, costs in found.items() for goal in client_echo.goals(costs, where)]
    tables = tuple(client_echo.table(costs, where) for where, costs in found.items())
    figures = {where: [client_echo.figures(cost) for cost in costs] for where, costs in found.items()}
    title = "The client beside bare tritonclient"
    _publish(Report("client-echo", title, place, tuple(goals), tables, figures), console, is_saved)


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
