"""What a caller says of an object becomes words that the networks know."""

from __future__ import annotations

import pytest

from visgate_server.object_editing.wording import as_prompt, frame_prompt


@pytest.mark.parametrize(
    ("said", "prompt"),
    [("dog", "a dog"), (" apple ", "an apple"), ("a dog", "a dog"), ("The red car", "The red car"), ("", "")],
)
def test_a_thing_gets_an_article(said: str, prompt: str) -> None:
    assert as_prompt(said) == prompt


@pytest.mark.parametrize(
    ("caption", "prompt"),
    [
        ("a cat left of a dog on a blue background", "a blue background"),
        ("A rose, the background is red", "A rose, the background is red"),
        ("on a plain white background there is a cat", "a plain white background"),
        ("a dog lying on the grass", "a dog lying on the grass"),
    ],
)
def test_a_frame_continues_the_background(caption: str, prompt: str) -> None:
    assert frame_prompt(caption) == prompt
