"""Tells which tools a missing network costs; asks the server's model specs, which know."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class LostModel:
    """A Triton model that cannot be served, and the tools that it offers."""

    model: str
    summary: str
    """What the model does; empty where the server does not know it."""
    tools: tuple[str, ...]
    callers: tuple[str, ...]
    """Other models that call this one inside the server and lose a part of what they do."""


def lost_models(models: Iterable[str]) -> tuple[LostModel, ...]:
    """What it costs that these Triton models have no network, each model once."""
    from visgate_server.catalogue import MODELS

    specs = {model.spec.name: model.spec for model in MODELS}
    lost = []
    for name in dict.fromkeys(models):
        spec = specs.get(name)
        tools = tuple(tool.name for tool in spec.tools) if spec else ()
        callers = tuple(other.name for other in specs.values() if name in other.calls)
        lost.append(LostModel(name, spec.summary if spec else "", tools, callers))
    return tuple(lost)
