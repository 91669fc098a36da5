"""The offline planner: a chat model that is no language model, and needs no account and no network."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence

from visgate_agent.chat_model import CompletionEvent
from visgate_agent.events import TextDelta
from visgate_agent.messages import Message, ToolCall
from visgate_agent.planner.embedding import TextEmbedder
from visgate_agent.planner.history import read_history
from visgate_agent.planner.plan import make_plan
from visgate_agent.planner.progress import follow_plan
from visgate_agent.planner.routing import ToolRouter
from visgate_agent.planner.summary import INTRODUCTION, capabilities, summary
from visgate_client import Tool


class OfflinePlanner:
    """Routes each clause of a request to the tool nearest in meaning and fills its arguments by rule.

    A pure function of the messages: it plans the newest user message anew for each completion, and the number of
    tool answers since tells how far the plan has come. Calls that do not need each other's pictures come in one
    completion. A failed call ends the request, because later clauses may mean its result.
    """

    def __init__(self, embedder: TextEmbedder) -> None:
        self._router = ToolRouter(embedder)

    @property
    def name(self) -> str:
        """What transcripts call it."""
        return "offline planner"

    @property
    def introduction(self) -> str:
        """What it is, and that it is no language model."""
        return INTRODUCTION

    async def complete(
        self, messages: Sequence[Message], tools: Sequence[Tool]
    ) -> AsyncGenerator[CompletionEvent, None]:
        """The next calls of the plan, or in the end what the tools returned.

        Raises:
            ChatModelError: the embedding model does not answer.
        """
        history = read_history(messages)
        plan = await make_plan(history.request.text, tools, self._router)
        if not plan.steps:
            yield TextDelta(capabilities(tools))
            return
        progress = follow_plan(plan, history, tools)
        for number, step in enumerate(progress.next_calls, start=len(messages)):
            yield TextDelta(f"“{step.clause}” → {step.tool}\n")
            yield ToolCall(f"call_{number}", step.tool, json.dumps(step.arguments, ensure_ascii=False))
        if not progress.next_calls:
            yield TextDelta(summary(history.answers, progress.obstacle, progress.left_out, plan.not_understood))
