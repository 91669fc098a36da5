"""Asks a running server, over the KServe protocol, what is ready; sends no inference."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType

import tritonclient.grpc as triton

from visgate_server.embedded.access import ServerAccess
from visgate_server.embedded.access_check import certificate_name
from visgate_server.embedded.ports import LOOPBACK, port_answers
from visgate_server.embedded.server_log import short_reason

_TIMEOUT_S = 2.0

# A proxy in the environment is for other hosts: gRPC would send even loopback calls to it.
_CHANNEL = [("grpc.enable_http_proxy", 0)]


@dataclass(frozen=True)
class ModelReadiness:
    """Whether a model can be called, and in a few lines why not."""

    name: str
    ready: bool
    reason: str = ""


class KServeProbe:
    """A connection to a server on this machine. Its methods say None or False where nothing answers.

    Args:
        grpc_port: where it listens.
        access: what it was told about who may use it, which includes this.

    Raises:
        AccessOptionError: a certificate, key or token that is needed for it cannot be read.
    """

    def __init__(self, grpc_port: int, access: ServerAccess) -> None:
        self._port = grpc_port
        self._headers = access.headers()
        self._client = _connected(f"{LOOPBACK}:{grpc_port}", access)

    def __enter__(self) -> KServeProbe:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def models(self) -> tuple[ModelReadiness, ...] | None:
        """Every model in the server's repository index, by name; None if the server does not answer."""
        # A refused connection would make gRPC wait before it tries again, longer than a start takes.
        if not port_answers(self._port):
            return None
        try:
            index = self._client.get_model_repository_index(headers=self._headers, client_timeout=_TIMEOUT_S)
        except triton.InferenceServerException:
            return None
        return tuple(
            sorted(
                (
                    ModelReadiness(model.name, model.state == "READY", short_reason(model.reason))
                    for model in index.models
                ),
                key=lambda model: model.name,
            )
        )

    def server_ready(self) -> bool:
        """Whether the server says that it and every one of its models is ready."""
        if not port_answers(self._port):
            return False
        try:
            return bool(self._client.is_server_ready(headers=self._headers, client_timeout=_TIMEOUT_S))
        except triton.InferenceServerException:
            return False


def _connected(address: str, access: ServerAccess) -> triton.InferenceServerClient:
    if not access.is_encrypted:
        return triton.InferenceServerClient(address, channel_args=_CHANNEL)
    certificate, key = access.watch_pair or (None, None)
    return triton.InferenceServerClient(
        address,
        ssl=True,
        # This very certificate is believed, by the name that it bears: what is asked is this machine's own server.
        root_certificates=str(access.certificate),
        certificate_chain=None if certificate is None else str(certificate),
        private_key=None if key is None else str(key),
        channel_args=[*_CHANNEL, ("grpc.ssl_target_name_override", certificate_name(access))],
    )
