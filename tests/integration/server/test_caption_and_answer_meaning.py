"""Captions and answers about held-out scenes are true, through the server, many at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np

from visgate_client import VisionClient
from visgate_export.pocket.language.plain_captions import read_plain_caption
from visgate_export.pocket.language.questions import ask
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import scenes
from visgate_export.pocket.sprites import read_sprites

AT_ONCE = 12
SCENES = 48


def test_held_out_scenes_are_captioned_and_asked_about(client: VisionClient) -> None:
    renderer, random = SceneRenderer(read_sprites()), np.random.default_rng(91)
    shown = list(islice(scenes(92, held_out=True), SCENES))
    pictures = [renderer.picture(scene) for scene in shown]
    questions = [ask(scene.combination, random) for scene in shown]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        captions = list(threads.map(lambda picture: client.call("caption_image", image=picture), pictures))
        answers = list(
            threads.map(
                lambda picture, question: client.call("answer_question", image=picture, question=question.text),
                pictures,
                questions,
            )
        )
    true = [
        read_plain_caption(said.data["caption"]) == scene.combination
        for said, scene in zip(captions, shown, strict=True)
    ]
    right = [said.data["answer"] == question.answer for said, question in zip(answers, questions, strict=True)]
    assert np.mean(true) >= 0.85
    assert np.mean(right) >= 0.85
    assert max(said.times.batch_size or 0 for said in captions) > 1, "captions that wait together are written together"


def test_a_drawing_is_captioned_as_it_was_ordered(client: VisionClient) -> None:
    ordered = ("a cat left of an apple on a blue background", "a star above a house on a red background",
               "a dog in the middle on a green background", "a tree in the middle on a yellow background")  # fmt: skip
    drawn = [client.call("generate_image", prompt=prompt, seed=5, timeout=240).arrays["picture"] for prompt in ordered]
    captions = [client.call("caption_image", image=picture, beams=3).data["caption"] for picture in drawn]
    assert sum(caption == prompt for caption, prompt in zip(captions, ordered, strict=True)) >= 3
