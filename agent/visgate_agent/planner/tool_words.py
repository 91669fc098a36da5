"""The words that tools bring along: verbs that ask for them, nouns for the pictures they make; reads no request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from visgate_agent.planner.english import COMMON_VERBS, DETERMINERS, LOOKING, SHOWN_THINGS
from visgate_agent.planner.stems import stem
from visgate_agent.planner.text_arguments import makes_pictures
from visgate_client import Tool


def command_verbs(tools: Iterable[Tool]) -> frozenset[str]:
    """The verbs with which a person may ask for a tool: "invert" of `invert_colours`, "erase" of "erase the wall"."""
    commands = (example.lower().split() for tool in tools for example in tool.examples)
    verbs = {words[0] for words in commands if len(words) > 2 and words[1] in DETERMINERS}
    return frozenset(verbs | {tool.name.split("_")[0] for tool in tools if "_" in tool.name})


def is_looking_tool(tool: Tool) -> bool:
    """Whether a tool's pictures draw what it found, and are no new version of the picture itself."""
    return tool.name.split("_")[0] in LOOKING


@dataclass(frozen=True)
class ResultWords:
    """The stems of the words by which a person may call one tool's pictures: "the sketch", "the enlarged picture".

    Attributes:
        tool: those of the tool's name, and of the verbs with which its examples begin; they mean its first picture.
        outputs: those of each picture's tensor.
    """

    tool: frozenset[str]
    outputs: tuple[frozenset[str], ...]

    @classmethod
    def of(cls, tool: Tool) -> ResultWords:
        """What the tool's own declaration gives."""
        verbs = [example.split()[0].lower() for example in tool.examples if len(example.split()) > 1]
        names = [*tool.name.split("_"), *(verb for verb in verbs if verb not in COMMON_VERBS)]
        pictures = [output.tensor.lower().split("_") for output in tool.outputs if output.kind == "picture"]
        return cls(_telling_stems(names), tuple(map(_telling_stems, pictures)))

    @property
    def any_picture(self) -> frozenset[str]:
        """The stems for any of the tool's pictures."""
        return self.tool.union(*self.outputs)

    def picture(self, output: int) -> frozenset[str]:
        """The stems for one of the tool's pictures, by its place among them."""
        own = self.outputs[output] if output < len(self.outputs) else frozenset[str]()
        return own | self.tool if output == 0 else own - self.tool


def result_stems(tools: Iterable[Tool]) -> frozenset[str]:
    """The stems of all that the tools make: "the edges" are no thing that a picture shows."""
    return frozenset(stems for tool in tools for stems in ResultWords.of(tool).any_picture if makes_pictures(tool))


def _telling_stems(words: Sequence[str]) -> frozenset[str]:
    return frozenset(stem(word) for word in words if word not in SHOWN_THINGS and word not in LOOKING)


def mentioned_stems(mentions: Sequence[str]) -> frozenset[str]:
    """The stems of all words, and of "cut-out" also that of "cutout"."""
    words = [word for mention in mentions for word in (*re.split(r"[\s-]", mention), re.sub(r"[\s-]", "", mention))]
    return frozenset(map(stem, words))
