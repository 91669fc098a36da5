"""Chooses what answers: a language model where there is a key for one, else the offline planner; asks neither."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from openai import AsyncOpenAI

from visgate_agent.chat_model import ChatModel
from visgate_agent.errors import CommandError
from visgate_agent.openai_model import OpenAIChatModel
from visgate_agent.planner.embedding import ServedEmbedder
from visgate_agent.planner.offline_planner import OfflinePlanner
from visgate_agent.vision import VisionServer

DEFAULT_MODEL = "gpt-5.4-mini"
PLANNER = "offline-planner"
"""As a model's name: the planner, even where there is a key."""


@asynccontextmanager
async def open_chat_model(
    vision: VisionServer, model: str | None, environment: Mapping[str, str]
) -> AsyncGenerator[ChatModel, None]:
    """The chat model that the user's settings ask for, until the context ends.

    Args:
        vision: the server whose embedding model the planner uses.
        model: a model's name at the endpoint; `offline-planner` for the planner; none for the default.
        environment: OPENAI_API_KEY and OPENAI_BASE_URL are read.

    Raises:
        CommandError: a model is asked for by name, and there is no key.
    """
    key = environment.get("OPENAI_API_KEY")
    if model == PLANNER or (not key and model is None):
        yield OfflinePlanner(ServedEmbedder(vision))
    elif not key:
        raise CommandError(
            f"the model {model} needs an endpoint: set OPENAI_API_KEY, and OPENAI_BASE_URL if it is not OpenAI's "
            "(a local server takes any key)"
        )
    else:
        base_url = environment.get("OPENAI_BASE_URL") or None
        async with AsyncOpenAI(api_key=key, base_url=base_url) as client:
            yield OpenAIChatModel(client, model or DEFAULT_MODEL)
