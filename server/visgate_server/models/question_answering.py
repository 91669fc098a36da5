"""Answers questions about a picture, with BLIP."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visgate_server.drawn_scenes import looks_drawn
from visgate_server.english_counting import listed
from visgate_server.errors import InvalidArgumentError
from visgate_server.image_processing.resizing import resized
from visgate_server.language.decoding import SaidText, say
from visgate_server.language.looked_at import LookedAt
from visgate_server.language.profile import read_profile
from visgate_server.language.tool_words import BEAMS, NOT_DRAWN, SOURCE, decoding_rules
from visgate_server.language.vocabulary import ReadQuestion, open_vocabulary
from visgate_server.language.word_decoder import Seen
from visgate_server.model_spec import ModelSpec
from visgate_server.networks import Network, Tensors, open_network
from visgate_server.ragged_rows import boxed, boxed_rows, unboxed
from visgate_server.tool_model import Image, ModelCaller, Prepared, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import Argument, ArgumentKind, ToolSpec, picture

PICTURE_ENCODER = "picture_encoder.onnx"
QUESTION_ENCODER = "question_encoder.onnx"
WORD_DECODER = "word_decoder.onnx"

_ONE_AT_A_TIME = "Ask one thing at a time, in plain English."
_PROBABILITY = "probability (0-1, the network's own estimate that the answer is right)"
_UNKNOWN_WORDS = "unknown_words (words of the question that the network does not know)"

ANSWER_QUESTION = ToolSpec(
    name="answer_question",
    title="Answer Question About The Image",
    description=(
        "Answers a question about a picture, a photo or a drawing, in a few words: what is in it, where, how many, "
        f"what colour, and yes-or-no questions. {_ONE_AT_A_TIME} data has answer, {_PROBABILITY} and {_UNKNOWN_WORDS}."
    ),
    pocket_description=(
        "Answers a question about a drawn scene in a few words: what is in it, what is left of, right of, above or "
        "below an object, where an object is, how many objects there are, what colour the background or an object has, "
        f"and yes-or-no questions about these. {_ONE_AT_A_TIME} data has answer, {_PROBABILITY}, looks_drawn and "
        f"{_UNKNOWN_WORDS}."
    ),
    pocket_limits=(
        "In this profile the network knows nothing but the scenes that the drawing tools draw; of a photo its answer "
        "is a guess among those, and the text says so. For photos use describe_image, detect_objects or classify_image."
    ),
    arguments=(
        picture(
            description="The picture that the question is about.",
            pocket_description="The drawn scene that the question is about.",
        ),
        Argument("question", ArgumentKind.TEXT, "The question, in plain English, as in 'what is left of the cat?'."),
        BEAMS,
    ),
    examples=(
        "what is left of the cat",
        "what colour is the background",
        "answer a question about the drawing",
        "how many objects are in the drawing",
        "where is the apple in the drawing",
        "is the dog above the star",
        "what is the background colour of this picture",
        "what stands right of the tree",
    ),
    checkpoint="Salesforce/blip-vqa-base",
    source=SOURCE,
)


@dataclass(frozen=True)
class _Row:
    """One question about one picture."""

    image: Image
    question: ReadQuestion


class QuestionAnswering(ToolModel[bool]):
    """Looks at pictures that are new, reads all questions at once, and answers them side by side.

    Its context is whether the picture is of the network's world.
    """

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="question_answering",
        summary="Answers to questions about a picture (BLIP)",
        tools=(ANSWER_QUESTION,),
        networks=(PICTURE_ENCODER, QUESTION_ENCODER, WORD_DECODER),
        max_batch_size=16,
        # A warm-up request's question is empty, which is refused; `setup` warms up.
        warmup_sides=(),
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._profile = read_profile(folder)
        self._rules = decoding_rules(self._profile)
        self._vocabulary = open_vocabulary(folder)
        picture_encoder = open_network(folder / PICTURE_ENCODER)
        self._pictures = LookedAt(lambda pictures: picture_encoder.run({"image": pictures})["picture"])
        self._question_encoder: Network = open_network(folder / QUESTION_ENCODER)
        self._word_decoder: Network = open_network(folder / WORD_DECODER)
        blank = np.zeros((self._profile.picture_height, self._profile.picture_width, 3), np.uint8)
        self._answer([_Row(blank, self._vocabulary.question("what is this", self._profile.longest_question))], 1)

    def preprocess(self, request: ToolRequest) -> Prepared[bool]:
        image = request.image()
        if not request.text("question").strip():
            raise InvalidArgumentError("input QUESTION is empty: ask something, as in 'what is left of the cat?'")
        small = resized(image, self._profile.picture_width, self._profile.picture_height)
        question = self._vocabulary.question(request.text("question"), self._profile.longest_question)
        # Questions of any length share a run; rows are grouped by the beams' shape.
        beams = np.zeros(request.integer("beams"), np.bool_)
        row = boxed(_Row(small, question))
        return Prepared({"row": row, "beams": beams}, self._profile.knows_photos or looks_drawn(image))

    def run(self, batch: Tensors) -> Tensors:
        rows: list[_Row] = [unboxed(cell) for cell in batch["row"]]
        texts = self._answer(rows, batch["beams"].shape[1])
        return {"text": boxed_rows(texts), "question": boxed_rows([row.question for row in rows])}

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: bool) -> ToolResponse:
        said: SaidText = unboxed(outputs["text"])
        question: ReadQuestion = unboxed(outputs["question"])
        answer = self._vocabulary.text(said.tokens)
        data: dict[str, Any] = {"answer": answer, "probability": round(said.probability, 4)}
        if not self._profile.knows_photos:
            data["looks_drawn"] = context
        data["unknown_words"] = list(question.unknown_words)
        text = f"{answer[:1].upper()}{answer[1:]}."
        if not context:
            text = f"{NOT_DRAWN}Its guess: {text}"
        if question.unknown_words:
            words = listed([f"'{word}'" for word in question.unknown_words])
            text += f" The network does not know {words}, so it may have misread the question."
        if question.is_cut:
            text += " The question was too long and was read only in part."
        return ToolResponse(text, data)

    def _answer(self, rows: list[_Row], beams: int) -> list[SaidText]:
        tokens, known = _padded([row.question.tokens for row in rows])
        pictures = self._pictures.see(np.stack([row.image for row in rows]))
        seen = self._question_encoder.run({"picture": pictures, "question": tokens, "known": known})
        return say(self._word_decoder, Seen(seen["seen_keys"], seen["seen_values"], known), self._rules, beams)


def _padded(questions: list[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Questions as int64 [rows, longest], and where they are no padding."""
    lengths = np.array([len(question) for question in questions])
    known = np.arange(lengths.max()) < lengths[:, None]
    tokens = np.zeros(known.shape, np.int64)
    tokens[known] = np.concatenate(questions)
    return tokens, known
