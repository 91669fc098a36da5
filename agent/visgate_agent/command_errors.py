"""Ends a command: an error becomes one line on stderr and a status that is not 0; knows no command."""

from __future__ import annotations

from collections.abc import Callable

import click

from visgate_agent.terminal import printable
from visgate_client import VisgateError

_INTERRUPTED = 130


def exit_status(program: str, command: Callable[[], int | None]) -> int:
    """Runs a command and returns its exit status.

    Args:
        program: the name that an error line begins with.
        command: a click command in its non-standalone mode; what is not an error of the command line or of visgate is
            a mistake in the program, and keeps its traceback.
    """
    try:
        return command() or 0
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        return _fail(program, error.format_message(), error.exit_code)
    except VisgateError as error:
        return _fail(program, str(error), 1)
    except (click.Abort, KeyboardInterrupt):
        return _fail(program, "interrupted", _INTERRUPTED)


def _fail(program: str, message: str, status: int) -> int:
    one_line = " ".join(printable(message).split())
    click.echo(f"{program}: {one_line}", err=True)
    return status
