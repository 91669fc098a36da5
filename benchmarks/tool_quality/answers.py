"""How often answer_question answers right, by what is asked, in wordings that it was trained on and in others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from benchmarks.tool_quality.in_process import ask as ask_tool
from benchmarks.tool_quality.language_scenes import ShownScene, drawn_scenes, rendered_scenes
from benchmarks.tool_quality.measured import Measured, mean_of
from visgate_export.pocket.language.question_wordings import HELD_OUT, TRAINING, QuestionWordings
from visgate_export.pocket.language.questions import Topic, ask

NAME = "answers"
TOOL = "answer_question"
QUESTIONS_ON = 2
"""Every scene is asked this many questions."""
_RIGHT = "answers right"
_RIGHT_DRAWN = "the same of drawings, enlarged four times"
_RIGHT_UNREAD = "answers right to wordings never trained on"
GOALS: Mapping[str, float] = MappingProxyType({_RIGHT: 0.90, _RIGHT_DRAWN: 0.90})

_SEED = 41_001


def measure(scenes: int) -> list[Measured]:
    """Questions about held-out scenes, two a scene, compared with what is true of the scenes."""
    rendered = rendered_scenes(scenes, _SEED)
    by_topic = _right_by_topic(rendered, TRAINING)
    figures = [mean_of(TOOL, _RIGHT, [right for topic in by_topic.values() for right in topic], GOALS)]
    figures += [mean_of(TOOL, f"{_RIGHT}, {topic.value}", right, GOALS) for topic, right in by_topic.items()]
    for figure, shown, wordings in (
        (_RIGHT_DRAWN, drawn_scenes(rendered), TRAINING),
        (_RIGHT_UNREAD, rendered, HELD_OUT),
    ):
        answers = _right_by_topic(shown, wordings)
        figures.append(mean_of(TOOL, figure, [right for topic in answers.values() for right in topic], GOALS))
    return figures


def _right_by_topic(shown: Sequence[ShownScene], wordings: QuestionWordings) -> dict[Topic, list[bool]]:
    random = np.random.default_rng(_SEED)
    right: dict[Topic, list[bool]] = defaultdict(list)
    for scene in shown:
        for _ in range(QUESTIONS_ON):
            question = ask(scene.combination, random, wordings)
            answer = ask_tool(TOOL, image=scene.picture, question=question.text).data["answer"]
            right[question.topic].append(answer == question.answer)
    return dict(sorted(right.items(), key=lambda item: item[0].value))
