"""Knows which tools a server offers, and reads them again when that may have changed; calls none of them."""

from __future__ import annotations

import difflib
import time
from dataclasses import dataclass

from tritonclient.grpc import service_pb2

from visgate_client._call_context import CallContext
from visgate_client._remote_calls import RemoteCalls
from visgate_client._steps import Steps
from visgate_client._tools import DeclaredTools, Tool, collect_tools
from visgate_client.errors import UnknownModelError, UnknownToolError

_TOOLS_PARAMETER = "tools"

_CHECK_EVERY = 60.0
"""Seconds after which a model is asked, in the next call of one of its tools, whether it offers them still."""

_DOUBT_AFTER = 2.0
"""Seconds after which it is asked so because an argument does not fit: the schema may have changed."""


@dataclass(slots=True)
class _Model:
    """What a model said last.

    Attributes:
        declared: its tools.
        read_at: when, on the monotonic clock.
    """

    declared: DeclaredTools
    read_at: float


class ToolCatalogue:
    """The tools of one client's server as they were read last; safe in threads."""

    def __init__(self, remote: RemoteCalls, server: str) -> None:
        self._remote = remote
        self._server = server
        self._models: dict[str, _Model] = {}
        self._tools: dict[str, Tool] | None = None
        self._losses = remote.losses

    def forget(self) -> None:
        """They are to be read again before the next use."""
        self._tools = None

    def all_tools(self, context: CallContext, *, refresh: bool) -> Steps[tuple[Tool, ...]]:
        """Returns all tools, read again if wanted."""
        known = self._known()
        if known is None or refresh:
            known = yield from self._read_all(context)
        return tuple(known.values())

    def find(self, name: str, context: CallContext) -> Steps[Tool]:
        """Returns a tool, having looked for one that is not known.

        Raises:
            UnknownToolError: there is none of that name.
        """
        known = self._known()
        if known is not None and name in known and self._age(known[name]) > _CHECK_EVERY:
            yield from self._read_model(known[name].model, context)
            known = self._known()
        if known is None or name not in known:
            known = yield from self._read_all(context)
        if name not in known:
            raise self._unknown(name, known)
        return known[name]

    def changed(self, tool: Tool, context: CallContext) -> Steps[Tool | None]:
        """Returns what a tool is like now if it is not what it was, because a call of it did not fit.

        Raises:
            UnknownToolError: it is gone.
        """
        if self._age(tool) < _DOUBT_AFTER:
            return None
        yield from self._read_model(tool.model, context)
        present = yield from self.find(tool.name, context)
        return None if present == tool else present

    def _known(self) -> dict[str, Tool] | None:
        if self._losses != self._remote.losses:
            self._losses = self._remote.losses
            self.forget()
        return self._tools

    def _age(self, tool: Tool) -> float:
        model = self._models.get(tool.model)
        return float("inf") if model is None else time.monotonic() - model.read_at

    def _read_all(self, context: CallContext) -> Steps[dict[str, Tool]]:
        index = yield from self._remote.ask("RepositoryIndex", service_pb2.RepositoryIndexRequest(ready=True), context)
        models = {}
        for name in sorted({entry.name for entry in index.models}):
            model = yield from self._ask(name, context)
            if model is not None:
                models[name] = model
        return self._know(models)

    def _read_model(self, name: str, context: CallContext) -> Steps[None]:
        model = yield from self._ask(name, context)
        if model is None:
            self.forget()  # unloaded, or without tools: perhaps another model has them
        elif name not in self._models or self._models[name].declared != model.declared:
            self._know(self._models | {name: model})
        else:
            self._models[name].read_at = model.read_at

    def _ask(self, name: str, context: CallContext) -> Steps[_Model | None]:
        """Returns what a model says of its tools; None for one that has none, or was unloaded meanwhile."""
        request = service_pb2.ModelConfigRequest(name=name)
        try:
            response = yield from self._remote.ask("ModelConfig", request, context, name)
        except UnknownModelError:
            return None
        if _TOOLS_PARAMETER not in response.config.parameters:
            return None
        tools_json = response.config.parameters[_TOOLS_PARAMETER].string_value
        declared = DeclaredTools(name, tools_json, response.config.model_transaction_policy.decoupled)
        return _Model(declared, time.monotonic())

    def _know(self, models: dict[str, _Model]) -> dict[str, Tool]:
        tools = collect_tools(models[name].declared for name in sorted(models))
        self._models, self._tools = models, tools
        return tools

    def _unknown(self, name: str, known: dict[str, Tool]) -> UnknownToolError:
        near = tuple(difflib.get_close_matches(str(name), known, n=3, cutoff=0.5))
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(known) or 'none'}"
        return UnknownToolError(f"server {self._server} offers no tool {name!r}; {hint}", name=name, near=near)
