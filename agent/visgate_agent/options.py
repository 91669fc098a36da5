"""Command-line options that several commands share."""

from __future__ import annotations

import click

server_option = click.option(
    "--server",
    metavar="HOST:PORT",
    envvar="VISGATE_SERVER",
    default="localhost:8001",
    show_default=True,
    show_envvar=True,
    help="The vision server's gRPC address.",
)
model_option = click.option(
    "--model",
    metavar="NAME",
    help="The language model at the endpoint, or offline-planner. Without OPENAI_API_KEY the planner answers.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
