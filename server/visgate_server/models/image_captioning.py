"""Says in a sentence what a picture shows, with BLIP."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from visgate_server.drawn_scenes import looks_drawn
from visgate_server.image_processing.resizing import resized
from visgate_server.language.decoding import SaidText, say
from visgate_server.language.profile import read_profile
from visgate_server.language.tool_words import BEAMS, NOT_DRAWN, SOURCE, decoding_rules
from visgate_server.language.vocabulary import open_vocabulary
from visgate_server.language.word_decoder import Seen
from visgate_server.model_spec import ModelSpec
from visgate_server.networks import Network, Tensors, open_network
from visgate_server.ragged_rows import boxed_rows, unboxed
from visgate_server.tool_model import ModelCaller, Prepared, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import ToolSpec, picture

PICTURE_ENCODER = "picture_encoder.onnx"
WORD_DECODER = "word_decoder.onnx"

_DRAWN_AGAIN = "Such a sentence can be given to generate_image to draw the like again."
_PROBABILITY = "probability (0-1, the network's own estimate that this is the right sentence)"

CAPTION_IMAGE = ToolSpec(
    name="caption_image",
    title="Get Photo Description",
    description=(
        "Says in one sentence what a picture shows, a photo or a drawing; a network writes it word by word. "
        f"{_DRAWN_AGAIN} data has caption and {_PROBABILITY}."
    ),
    pocket_description=(
        "Says in one sentence what a drawn scene shows: its objects, how they stand and the background's colour, as in "
        "'a cat left of an apple on a blue background'; a network writes it word by word. "
        f"{_DRAWN_AGAIN} data has caption, {_PROBABILITY} and looks_drawn."
    ),
    pocket_limits=(
        "In this profile the network knows nothing but scenes as the drawing tools draw them; its caption of a photo "
        "is a guess among those, and the text says so. For photos use describe_image."
    ),
    arguments=(
        picture(description="The picture to describe.", pocket_description="The drawn scene to describe."),
        BEAMS,
    ),
    examples=(
        "caption this drawing",
        "write a caption for the drawn scene",
        "say in one sentence what the drawing shows",
        "give the drawing a caption",
        "what was drawn in this scene",
        "describe the drawn picture in a sentence",
        "turn this drawing back into words",
    ),
    checkpoint="Salesforce/blip-image-captioning-base",
    source=SOURCE,
)


class ImageCaptioning(ToolModel[bool]):
    """Looks at all pictures at once, then writes all their captions side by side.

    Its context is whether the picture is of the network's world.
    """

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="image_captioning",
        summary="A sentence about a picture (BLIP)",
        tools=(CAPTION_IMAGE,),
        networks=(PICTURE_ENCODER, WORD_DECODER),
        max_batch_size=16,
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._profile = read_profile(folder)
        self._rules = decoding_rules(self._profile)
        self._vocabulary = open_vocabulary(folder)
        self._picture_encoder: Network = open_network(folder / PICTURE_ENCODER)
        self._word_decoder: Network = open_network(folder / WORD_DECODER)

    def preprocess(self, request: ToolRequest) -> Prepared[bool]:
        image = request.image()
        small = resized(image, self._profile.picture_width, self._profile.picture_height)
        # Rows are grouped by shape: those with as many beams search together.
        beams = np.zeros(request.integer("beams"), np.bool_)
        return Prepared({"image": small, "beams": beams}, self._profile.knows_photos or looks_drawn(image))

    def run(self, batch: Tensors) -> Tensors:
        seen = self._picture_encoder.run({"image": batch["image"]})
        keys = seen["seen_keys"]
        known = np.ones((len(keys), keys.shape[3]), np.bool_)
        texts = say(self._word_decoder, Seen(keys, seen["seen_values"], known), self._rules, batch["beams"].shape[1])
        return {"text": boxed_rows(texts)}

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: bool) -> ToolResponse:
        said: SaidText = unboxed(outputs["text"])
        caption = self._vocabulary.text(said.tokens)
        data: dict[str, Any] = {"caption": caption, "probability": round(said.probability, 4)}
        if not self._profile.knows_photos:
            data["looks_drawn"] = context
        sentence = f"{caption[:1].upper()}{caption[1:]}."
        return ToolResponse(sentence if context else f"{NOT_DRAWN}Its guess: {sentence}", data)
