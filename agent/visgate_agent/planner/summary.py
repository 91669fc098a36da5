"""Words the offline planner's own sentences: what it did, could not do, and is; plans nothing."""

from __future__ import annotations

from collections.abc import Sequence

from visgate_agent.messages import ToolMessage
from visgate_client import Tool

INTRODUCTION = (
    "You are talking to the offline planner, which is no language model: it matches each part of your request with "
    "the nearest tool by meaning. Set OPENAI_API_KEY to talk to a language model."
)


def capabilities(tools: Sequence[Tool]) -> str:
    """What the planner says when a request asks for no tool."""
    if not tools:
        return "I am the offline planner, no language model, and the server offers no tools at the moment."
    listed = "\n".join(f"- {tool.title} ({tool.name})" + _example(tool) for tool in tools)
    return (
        "I am the offline planner, no language model: I can only pass requests on to tools, and this one is near "
        f"none of them. What the tools do:\n{listed}"
    )


def summary(
    answers: Sequence[ToolMessage], obstacle: str, left_out: Sequence[str], not_understood: Sequence[str]
) -> str:
    """What the tools returned, in the order of the calls, and everything that was not done.

    Args:
        answers: the tools' answers.
        obstacle: why the plan could not go on; empty if it could.
        left_out: the clauses that the obstacle left undone.
        not_understood: the clauses that asked for nothing known.
    """
    lines = [_line(answer) for answer in answers]
    if obstacle:
        lines.append(f"{obstacle} I left out {', '.join(f'“{clause}”' for clause in left_out)}.")
    lines += [f"I did not understand “{clause}”, and left it out." for clause in not_understood]
    return "\n".join(lines)


def _line(answer: ToolMessage) -> str:
    if answer.error is not None:
        return f"{answer.call.name} failed: {answer.error}"
    pictures = f" → {', '.join(answer.pictures)}" if answer.pictures else ""
    return f"{answer.call.name}: {answer.text or 'done'}{pictures}"


def _example(tool: Tool) -> str:
    return f", as in “{tool.examples[0]}”" if tool.examples else ""
