"""Reads what the export writes beside a network about it, as JSON; knows no setting by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from visgate_server.errors import NetworkError

SettingsT = TypeVar("SettingsT")


def read_settings_file(path: Path, build: Callable[[dict[str, Any]], SettingsT]) -> SettingsT:
    """What `build` makes of a file's entries.

    Args:
        path: of a JSON object.
        build: may raise KeyError, TypeError or ValueError where an entry is missing or is not what it should be.

    Raises:
        NetworkError: the file is missing, is no JSON object, or is not what `build` wants.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(entries, dict):
            raise TypeError("it is no JSON object")  # noqa: TRY301 - told like all else that is wrong with the file
        return build(entries)
    except FileNotFoundError as error:
        raise NetworkError(f"there is no {path}: run `make models`") from error
    except (OSError, KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise NetworkError(f"{path} cannot be read ({reason}): run `make models` to export it anew") from error
