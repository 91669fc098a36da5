"""Reads the folders of a model repository to tell which models can be loaded; loads none."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

_CONFIG = "config.pbtxt"
_MODEL_CODE = "model.py"


@dataclass(frozen=True)
class ModelFolder:
    """One model of the repository, as far as its files tell.

    Attributes:
        name: the folder's name, which is the model's.
        path: the folder.
        instances: how many instances, so processes, its config asks for.
        tools: names of the tools it offers.
        calls: models that it calls inside the server.
        missing_networks: files that its config names and that are missing or empty, relative to the folder.
        fault: what else keeps it from being loaded; empty if nothing does.
    """

    name: str
    path: Path
    instances: int = 1
    tools: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    missing_networks: tuple[str, ...] = ()
    fault: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether Triton can be asked to load it."""
        return not self.fault and not self.missing_networks

    @property
    def shortcoming(self) -> str:
        """Why it is not complete; empty if it is."""
        if self.fault:
            return self.fault
        return f"missing {', '.join(self.missing_networks)}" if self.missing_networks else ""


def read_model_folders(repository: Path) -> tuple[ModelFolder, ...]:
    """Every model folder in `repository`, by name; none if that is not a folder.

    Hidden folders and those that begin with an underscore are not models.
    """
    if not repository.is_dir():
        return ()
    folders = sorted(path for path in repository.iterdir() if path.is_dir() and path.name[0] not in "._")
    return tuple(_read_folder(path) for path in folders)


def _read_folder(path: Path) -> ModelFolder:
    file = path / _CONFIG
    if not file.is_file():
        return ModelFolder(path.name, path, fault=f"has no {_CONFIG}")
    try:
        config = text_format.Parse(file.read_text(encoding="utf-8"), model_config_pb2.ModelConfig())
        networks = _names(config, "networks")
        tools = _tool_names(config)
        calls = _names(config, "calls")
    except (OSError, ValueError, text_format.ParseError) as error:
        return ModelFolder(path.name, path, fault=f"its {_CONFIG} cannot be read: {error}")
    version = served_version(path)
    return ModelFolder(
        name=path.name,
        path=path,
        instances=sum(max(group.count, 1) for group in config.instance_group) or 1,
        tools=tools,
        calls=calls,
        missing_networks=() if version is None else _missing(version, networks),
        fault=_fault(version, config),
    )


def _names(config: Any, key: str) -> tuple[str, ...]:
    """A parameter that holds a JSON list of names.

    Raises:
        ValueError: it holds something else.
    """
    if key not in config.parameters:
        return ()
    names = json.loads(config.parameters[key].string_value)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"parameter `{key}` is not a JSON list of names")
    return tuple(names)


def _tool_names(config: Any) -> tuple[str, ...]:
    if "tools" not in config.parameters:
        return ()
    tools = json.loads(config.parameters["tools"].string_value)
    if not isinstance(tools, list) or not all(isinstance(tool, dict) and "name" in tool for tool in tools):
        raise ValueError("parameter `tools` is not a JSON list of tools")
    return tuple(str(tool["name"]) for tool in tools)


def served_version(path: Path) -> Path | None:
    """The version folder of a model's folder that Triton serves by default, the highest number; None without one."""
    if not path.is_dir():
        return None
    versions = [child for child in path.iterdir() if child.is_dir() and child.name.isdecimal()]
    return max(versions, key=lambda child: int(child.name), default=None)


def _missing(version: Path, networks: tuple[str, ...]) -> tuple[str, ...]:
    # An empty file is what an interrupted copy leaves.
    absent = [name for name in networks if not (version / name).is_file() or not (version / name).stat().st_size]
    return tuple(f"{version.name}/{name}" for name in absent)


def _fault(version: Path | None, config: Any) -> str:
    if version is None:
        return "has no version folder (such as 1/)"
    if config.backend != "python":
        return f"its backend is {config.backend or config.platform or 'not named'!r}, and only `python` is here"
    code = config.default_model_filename or _MODEL_CODE
    return "" if (version / code).is_file() else f"has no {version.name}/{code}"
