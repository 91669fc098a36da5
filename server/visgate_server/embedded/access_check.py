"""Tries whether certificates, keys and tokens fit each other, before the server starts; opens no connection.

The server's and the client's side of a TLS handshake are played through in memory, so that what would make every
connection fail without a word is found, and named, here.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

from visgate_server.embedded.access import ServerAccess
from visgate_server.embedded.errors import AccessOptionError
from visgate_server.embedded.findings import Finding, Level

_TURNS = 5  # of each side; a handshake of TLS 1.3 takes two


def check_access(access: ServerAccess) -> tuple[Finding, ...]:
    """What the doctor says of a server's access; nothing where it is open."""
    if access.is_open:
        return ()
    return (*_check_certificates(access), *_check_tokens(access))


def certificate_name(access: ServerAccess) -> str:
    """A name that the server's certificate bears, by which it can be called.

    Raises:
        AccessOptionError: a certificate or key cannot be used, or they do not fit each other.
    """
    shown = _rehearsed(access)
    names = [name for kind, name in shown if kind in ("DNS", "IP Address")]
    if not names:
        raise AccessOptionError(
            f"the certificate {access.certificate} bears no name: have one made with a subjectAltName"
        )
    return names[0].replace("*", "any")


def _check_certificates(access: ServerAccess) -> Iterator[Finding]:
    if not access.is_encrypted:
        return
    try:
        name = certificate_name(access)
    except AccessOptionError as error:
        yield Finding("certificate", Level.PROBLEM, str(error), "mend the file, or name another")
    else:
        kind = "mutual TLS" if access.client_roots else "TLS"
        yield Finding("certificate", Level.OK, f"{access.certificate}, for {name} ({kind})")


def _check_tokens(access: ServerAccess) -> Iterator[Finding]:
    for restriction in access.restrictions:
        try:
            restriction.token()
        except AccessOptionError as error:
            yield Finding("token", Level.PROBLEM, str(error), "make it, for example with `openssl rand -hex 32`")
        else:
            found = f"in {restriction.header}, for {', '.join(restriction.protocols)}"
            yield Finding("token", Level.OK, found)


def _rehearsed(access: ServerAccess) -> list[tuple[str, str]]:
    """The names in the server's certificate, after a handshake in memory as the server's own watch will make it."""
    if access.certificate is None or access.private_key is None:
        raise AccessOptionError("the server has no certificate")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load_pair(server, access.certificate, access.private_key)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    # The watch believes this very certificate, whoever signed it.
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    _load_roots(client, access.certificate)
    if access.client_roots is not None and access.watch_pair is not None:
        server.verify_mode = ssl.CERT_REQUIRED
        _load_roots(server, access.client_roots)
        _load_pair(client, *access.watch_pair)
    names = _shake_hands(client, server, access)
    return [(kind, name) for kind, name in names if isinstance(name, str)]


def _shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, access: ServerAccess) -> tuple[tuple[str, str], ...]:
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    calling = client.wrap_bio(to_client, to_server)
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(_TURNS):
        _take_turn(calling, f"the certificate {access.certificate} cannot be used")
        _take_turn(
            answering,
            f"{access.client_roots} did not sign {access.watch_pair[0] if access.watch_pair else 'it'}, with which the "
            "server would be asked how it is: give --watch-certificate and --watch-key that it signed",
        )
    certificate = calling.getpeercert() or {}
    names: tuple[tuple[str, str], ...] = certificate.get("subjectAltName", ())  # type: ignore[assignment]
    return names


def _take_turn(side: ssl.SSLObject, trouble: str) -> None:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or "the handshake fails"
        raise AccessOptionError(f"{trouble} ({reason})") from None


def _load_pair(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        # Without a password OpenSSL would ask for one at the terminal.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        raise AccessOptionError(
            f"the certificate {certificate} and the key {key} cannot be used together ({error.reason or 'no PEM'}): "
            "give PEM files that belong together, the key not encrypted"
        ) from None
    except OSError as error:
        raise _unreadable(certificate if not certificate.is_file() else key, error) from None


def _load_roots(context: ssl.SSLContext, roots: Path) -> None:
    try:
        context.load_verify_locations(roots)
    except ssl.SSLError:
        raise AccessOptionError(f"{roots} holds no certificate: give a PEM file") from None
    except OSError as error:
        raise _unreadable(roots, error) from None


def _unreadable(path: Path, error: OSError) -> AccessOptionError:
    return AccessOptionError(f"{path} cannot be read ({error.strerror})")
