"""Keeps what a started server must be found again by: one directory and one state file for each server."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from visgate_server.embedded.access import ServerAccess
from visgate_server.embedded.errors import AccessOptionError, ServerAlreadyRunningError, StateFileError
from visgate_server.embedded.ports import Ports
from visgate_server.profiles import Profile

STATE_VARIABLE = "VISGATE_STATE"

_FOLDER = ".visgate"
_FORMAT = 1


def default_state_directory(repository: Path, environment: Mapping[str, str] | None = None) -> Path:
    """What `VISGATE_STATE` names, else `.visgate` beside the repository."""
    named = (os.environ if environment is None else environment).get(STATE_VARIABLE)
    return Path(named).absolute() if named else repository.absolute().parent / _FOLDER


@dataclass(frozen=True)
class ServerState:
    """What is known of a server that was started.

    Attributes:
        pid: tritonserver's process id, which may be another process's by now.
        region_prefix: how the names of its shared memory regions begin. It is unique, and stands in the arguments of
            all its processes, which are found by it.
        repository: the model repository that it serves from.
        ports: where it listens; 0 for HTTP where that is off.
        log: its log file.
        started: when it was started, in seconds of Unix time.
        models: the models it was asked to load.
        withheld: the repository's other models, each with the reason why it was not to be loaded.
        access: who may use it, by which it is asked how it is; files are named here and no secret is kept.
        profile: whose configurations it was told to read.
    """

    pid: int
    region_prefix: str
    repository: Path
    ports: Ports
    log: Path
    started: float
    models: tuple[str, ...]
    withheld: tuple[tuple[str, str], ...] = ()
    access: ServerAccess = field(default_factory=ServerAccess)
    profile: Profile = Profile.POCKET


@dataclass(frozen=True)
class StateDirectory:
    """The directory of one server: its state file, its log and what is laid out for Triton to read."""

    path: Path

    @property
    def state_file(self) -> Path:
        """Where the state is."""
        return self.path / "server.json"

    @property
    def log(self) -> Path:
        """Where the log goes unless told otherwise."""
        return self.path / "server.log"

    @property
    def backends(self) -> Path:
        """The backend directory that tritonserver gets."""
        return self.path / "backends"

    @property
    def repository(self) -> Path:
        """The model repository that tritonserver gets: links to the complete models."""
        return self.path / "repository"

    def read(self) -> ServerState | None:
        """The state, or None if no server was started or it was stopped.

        Raises:
            StateFileError: the file is not one that this version wrote.
        """
        try:
            return _decoded(json.loads(self.state_file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AccessOptionError) as error:
            raise StateFileError(
                f"{self.state_file} cannot be read ({error}): end the server that it was written for, if one runs, "
                "and delete the file"
            ) from error

    def write(self, state: ServerState) -> None:
        """Replaces the state file as a whole, so that a reader never sees half of it."""
        self.path.mkdir(parents=True, exist_ok=True)
        draft = self.state_file.with_suffix(".draft")
        draft.write_text(json.dumps(_encoded(state), indent=2) + "\n", encoding="utf-8")
        draft.replace(self.state_file)

    def with_real_paths(self, text: str, state: ServerState) -> str:
        """A message of the server with the models' own folders in place of the links to them."""
        return text.replace(str(self.repository), str(state.repository))

    def clear(self) -> None:
        """Removes everything but the log and the lock."""
        self.state_file.unlink(missing_ok=True)
        for folder in (self.backends, self.repository):
            # Holds links only: the models themselves are not touched.
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keeps two starts apart; the system lets go of it when this process ends, however it ends.

        Raises:
            ServerAlreadyRunningError: another process holds it.
            StateFileError: the directory cannot be written.
        """
        with self._open_lock() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ServerAlreadyRunningError(
                    f"another `visgate-server start` is at work in {self.path}: wait for it, or end it first"
                ) from None
            yield

    def _open_lock(self) -> TextIO:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            return (self.path / "lock").open("w")
        except OSError as error:
            raise StateFileError(
                f"{self.path} cannot be written ({error.strerror}): name another state directory with --state or "
                f"{STATE_VARIABLE}"
            ) from error


def _encoded(state: ServerState) -> dict[str, Any]:
    return {
        **asdict(state),
        "format": _FORMAT,
        "repository": str(state.repository),
        "log": str(state.log),
        "access": state.access.as_document(),
        "profile": state.profile.value,
    }


def _decoded(document: Any) -> ServerState:
    if document["format"] != _FORMAT:
        raise ValueError(f"its format is {document['format']}, not {_FORMAT}")
    return ServerState(
        pid=int(document["pid"]),
        region_prefix=_non_empty(document["region_prefix"]),
        repository=Path(document["repository"]),
        ports=Ports(**document["ports"]),
        log=Path(document["log"]),
        started=float(document["started"]),
        models=tuple(document["models"]),
        withheld=tuple((str(name), str(reason)) for name, reason in document["withheld"]),
        access=ServerAccess.of_document(document.get("access", {"restrictions": []})),
        profile=Profile(document.get("profile", Profile.POCKET.value)),
    )


def _non_empty(prefix: str) -> str:
    # Processes are ended and regions removed by this prefix: an empty one would match everybody's.
    if not prefix:
        raise ValueError("its region prefix is empty")
    return prefix
