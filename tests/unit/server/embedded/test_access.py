"""Who may use the server: what cannot work is named before anything is started, and no secret is shown or kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner

from visgate_server.cli import main
from visgate_server.embedded import EmbeddedServer, Restriction, ServerAccess
from visgate_server.embedded.access_check import certificate_name, check_access
from visgate_server.embedded.errors import AccessOptionError
from visgate_server.embedded.findings import Level
from visgate_server.embedded.ports import Ports
from visgate_server.embedded.staging import command_line
from visgate_server.embedded.state_directory import ServerState, StateDirectory
from visgate_server.embedded.triton_wheel import find_triton_wheel

SECRET = "hunter2:do=not,show"
AUTHORITY, STRANGER = trustme.CA(), trustme.CA()


def write_pair(folder: Path, name: str, authority: trustme.CA, *identities: str) -> tuple[Path, Path]:
    made = authority.issue_cert(*identities)
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(made.cert_chain_pems[0].bytes())
    key.write_bytes(made.private_key_pem.bytes())
    return certificate, key


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("access")
    AUTHORITY.cert_pem.write_to_path(str(made / "roots.pem"))
    STRANGER.cert_pem.write_to_path(str(made / "strange_roots.pem"))
    (made / "token").write_text(SECRET + "\n")
    return made


@pytest.fixture(scope="module")
def access(folder: Path) -> ServerAccess:
    certificate, key = write_pair(folder, "server", AUTHORITY, "vision.example.org", "localhost")
    restriction = Restriction(("shared-memory", "model-repository"), folder / "token", "admin")
    return ServerAccess(certificate, key, folder / "roots.pem", (restriction,))


def problems(access: ServerAccess) -> str:
    return "\n".join(finding.found for finding in check_access(access) if finding.level is Level.PROBLEM)


def test_what_fits_is_found_to_fit(folder: Path, access: ServerAccess) -> None:
    assert check_access(ServerAccess()) == ()
    for good in (access, replace(access, client_roots=None), ServerAccess(restrictions=access.restrictions)):
        assert not problems(good)
        assert check_access(good)
    assert certificate_name(access) == "vision.example.org"
    by_address = ServerAccess(*write_pair(folder, "by_address", AUTHORITY, "127.0.0.1"))
    assert certificate_name(by_address) == "127.0.0.1"


def test_certificates_that_cannot_work_are_named(folder: Path, access: ServerAccess) -> None:
    other = write_pair(folder, "other", STRANGER, "localhost")
    assert "server.pem and the key" in problems(replace(access, private_key=other[1]))
    assert "absent.pem cannot be read (No such file" in problems(replace(access, certificate=folder / "absent.pem"))
    assert "token holds no certificate" in problems(replace(access, client_roots=folder / "token"))
    strange = problems(replace(access, client_roots=folder / "strange_roots.pem"))
    assert "strange_roots.pem did not sign" in strange
    assert "--watch-certificate" in strange
    watched = replace(access, client_roots=folder / "strange_roots.pem", watch_certificate=other[0], watch_key=other[1])
    assert not problems(watched), "a certificate of the other authority for the watch alone"


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), ("", "no token"), ("two words", "no token"), ("é", "not ASCII")]
)
def test_a_token_file_without_a_token_is_named(tmp_path: Path, content: str | None, words: str) -> None:
    if content is not None:
        (tmp_path / "token").write_text(content)
    found = problems(ServerAccess(restrictions=(Restriction(("trace",), tmp_path / "token"),)))
    assert words in found
    assert "two words" not in found


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"certificate": Path("a")}, "--private-key"),
        ({"private_key": Path("a")}, "--certificate"),
        ({"client_roots": Path("a")}, "give --certificate"),
        ({"watch_key": Path("a")}, "--watch-certificate"),
        ({"restrictions": (Restriction(("trace",), Path("a")), Restriction(("trace",), Path("b"), "b"))}, "twice"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(AccessOptionError, match=words):
        ServerAccess(**options)


@pytest.mark.parametrize(
    ("protocols", "key", "words"),
    [(("models",), "token", "'models'.*model-repository"), ((), "token", "none"), (("trace",), "A:b", "lower-case")],
)
def test_restrictions_that_triton_does_not_know_are_refused(protocols: tuple[str, ...], key: str, words: str) -> None:
    with pytest.raises(AccessOptionError, match=words):
        Restriction(protocols, Path("token"), key)


def test_triton_is_told_and_nobody_else(tmp_path: Path, folder: Path, access: ServerAccess) -> None:
    wheel = find_triton_wheel()
    assert wheel is not None
    directory = StateDirectory(tmp_path)
    state = ServerState(1, "r_", tmp_path, Ports(11, 0, 13), tmp_path / "log", 0.0, ("echo",), access=access)
    command = command_line(directory, wheel, state)
    assert "--grpc-use-ssl=true" in command
    assert "--grpc-use-ssl-mutual=true" in command
    assert f"--grpc-server-cert={access.certificate}" in command
    assert f"--grpc-server-key={access.private_key}" in command
    assert f"--grpc-root-cert={folder / 'roots.pem'}" in command
    assert "--allow-http=false" in command
    assert not any(argument.startswith("--http") for argument in command)
    assert command[-1] == f"--grpc-restricted-protocol=shared-memory,model-repository:admin={SECRET}"
    directory.write(state)
    assert directory.read() == state
    assert SECRET not in directory.state_file.read_text() + repr(state)
    assert "PRIVATE KEY" not in directory.state_file.read_text() + repr(state)


def test_a_state_of_before_is_read_as_open(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path)
    state = ServerState(1, "r_", tmp_path, Ports(11, 12, 13), tmp_path / "log", 0.0, ("echo",))
    directory.write(state)
    document = json.loads(directory.state_file.read_text())
    del document["access"]
    directory.state_file.write_text(json.dumps(document))
    assert directory.read() == state


def start(*arguments: str) -> str:
    result = CliRunner(env={"VISGATE_STATE": None}).invoke(main, ["start", *arguments], catch_exceptions=False)
    assert result.exit_code != 0
    return result.output


def test_the_command_refuses_before_anything_is_started(tmp_path: Path, folder: Path, access: ServerAccess) -> None:
    where = ("--repository", str(tmp_path / "models"), "--state", str(tmp_path / "state"), "--grpc-port", "0")
    assert "--private-key belong together" in start(*where, "--certificate", str(access.certificate))
    assert "give --token-file" in start(*where, "--restrict", "trace")
    assert "model-repository" in start(*where, "--token-file", str(folder / "token"), "--restrict", "everything")
    said = start(
        *where, "--certificate", str(access.certificate), "--private-key", str(folder / "roots.pem"),
        "--token-file", str(folder / "token"),
    )  # fmt: skip
    assert "cannot be used together" in said
    assert SECRET not in said
    assert not (tmp_path / "state" / "server.log").exists()


def test_paths_are_made_absolute_and_the_http_port_is_closed(folder: Path, access: ServerAccess) -> None:
    relative = replace(access, certificate=Path("server.pem"), restrictions=(Restriction(("trace",), Path("token")),))
    absolute = relative.at_absolute_paths()
    assert absolute.certificate == Path.cwd() / "server.pem"
    assert absolute.restrictions[0].token_file == Path.cwd() / "token"
    state = EmbeddedServer(folder, 0, 0, 0, folder / "state", access=access)._new_state(())
    assert state.ports.http == 0
    assert state.ports.grpc
    assert state.ports.metrics
