"""The offline planner in the loop: which calls follow which, and what it says.

The tools and the vectors of words are small here; whether real requests find the real tools is measured with the
served embedding model in tests/integration/agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from sample_vision import CUT, INVERT, MEASURE, SampleVision, WordEmbedder, sample_tool, write_photo

from visgate_agent.conversation import Conversation
from visgate_agent.errors import ChatModelError
from visgate_agent.events import Event, ReplyFinished, TextDelta
from visgate_agent.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from visgate_agent.picture_store import PictureStore
from visgate_agent.planner.drawing import read_drawing
from visgate_agent.planner.embedding import ServedEmbedder
from visgate_agent.planner.fitting_tools import telling
from visgate_agent.planner.offline_planner import OfflinePlanner
from visgate_agent.toolbox import Toolbox
from visgate_client import ServerError

TOOLS = (INVERT, MEASURE, CUT)
A, B = "000a_photo.png", "000b_photo.png"


async def plan(*messages: Message, tools: Sequence[object] = TOOLS) -> tuple[list[ToolCall], str]:
    """The calls and the text of the next completion, by a planner that has seen nothing before."""
    events = [event async for event in OfflinePlanner(WordEmbedder()).complete(messages, tools)]  # type: ignore[arg-type]
    calls = [event for event in events if isinstance(event, ToolCall)]
    return calls, "".join(event.text for event in events if isinstance(event, TextDelta))


def named(calls: Sequence[ToolCall]) -> list[tuple[str, object]]:
    return [(call.name, call.parsed_arguments().get("image")) for call in calls]


def answered(calls: Sequence[ToolCall], *pictures: tuple[str, ...]) -> list[Message]:
    answers = [ToolMessage(call, f"{call.name} done.", None, made) for call, made in zip(calls, pictures, strict=True)]
    return [AssistantMessage("", tuple(calls)), *answers]


async def test_a_clause_becomes_a_call_with_its_picture() -> None:
    calls, text = await plan(UserMessage("Invert the colours", (A,)))
    assert named(calls) == [("invert_colours", A)]
    assert "invert_colours" in text


async def test_independent_clauses_come_in_one_completion() -> None:
    calls, _ = await plan(
        UserMessage("Measure the size of the first photo, invert the colours of the last photo", (A, B))
    )
    assert named(calls) == [("measure_size", A), ("invert_colours", B)]


async def test_a_clause_that_needs_a_result_waits_for_it() -> None:
    request = UserMessage("Cut out the middle, then invert the colours of the cut-out", (A,))
    calls, _ = await plan(request)
    assert named(calls) == [("cut_middle", A)]
    made = ("1111_cut-middle_000a_000a.png", "2222_cut-middle-mask_000a_000a.png")
    later, _ = await plan(request, *answered(calls, made))
    assert named(later) == [("invert_colours", made[0])], "the cut-out, not its mask"


@pytest.mark.parametrize(
    "words", ["invert the colours of the result", "invert the colours of the picture", "invert it"]
)
async def test_a_new_version_of_a_picture_is_what_later_clauses_speak_of(words: str) -> None:
    request = UserMessage(f"Cut out the middle, then {words}", (A,))
    calls, _ = await plan(request)
    assert named(calls) == [("cut_middle", A)]
    made = ("1111_cut-middle_000a_000a.png", "2222_cut-middle-mask_000a_000a.png")
    assert named((await plan(request, *answered(calls, made)))[0]) == [("invert_colours", made[0])]


async def test_a_clause_that_looks_leaves_the_picture_as_it_was() -> None:
    detect = sample_tool("detect_stars", examples=("detect the stars",), pictures=("picture",))
    request = UserMessage("Detect the stars, then cut out the middle of the picture", (A,))
    calls, _ = await plan(request, tools=(*TOOLS, detect))
    assert named(calls) == [("detect_stars", A), ("cut_middle", A)], "not of the picture with stars drawn on it"


async def test_what_a_clause_asks_for_is_not_what_it_speaks_of() -> None:
    first = UserMessage("Invert the colours", (A,))
    calls, _ = await plan(first)
    history = [first, *answered(calls, ("1111_invert-colours_000a_000a.png",)), AssistantMessage("Done.")]
    again = UserMessage("Invert the colours of the original photo")
    assert named((await plan(*history, again))[0]) == [("invert_colours", A)]


async def test_a_picture_can_be_called_by_what_it_shows() -> None:
    request = UserMessage("Cut out the middle, then measure the size of the mask", (A,))
    calls, _ = await plan(request)
    made = ("1111_cut-middle_000a_000a.png", "2222_cut-middle-mask_000a_000a.png")
    later, _ = await plan(request, *answered(calls, made))
    assert named(later) == [("measure_size", made[1])]


async def test_every_photo_gets_its_call() -> None:
    calls, _ = await plan(UserMessage("Measure the size of both photos", (A, B)))
    assert named(calls) == [("measure_size", A), ("measure_size", B)]
    assert len({call.call_id for call in calls}) == 2


async def test_a_clause_for_every_photo_is_done_when_all_its_calls_are() -> None:
    request = UserMessage("Measure the size of both photos, then invert the colours of the result", (A, B))
    calls, _ = await plan(request)
    assert [call.name for call in calls] == ["measure_size", "measure_size"]
    later, _ = await plan(request, *answered(calls, (), ()))
    assert named(later) == [("invert_colours", B)]


async def test_the_end_is_a_summary_of_what_the_tools_said() -> None:
    request = UserMessage("Measure the size", (A,))
    calls, _ = await plan(request)
    more, text = await plan(request, *answered(calls, ()))
    assert more == []
    assert "measure_size done." in text


async def test_it_in_a_later_request_is_what_was_made_last() -> None:
    first = UserMessage("Invert the colours", (A,))
    calls, _ = await plan(first)
    made = "1111_invert-colours_000a_000a.png"
    history = [first, *answered(calls, (made,)), AssistantMessage("Done.")]
    assert named((await plan(*history, UserMessage("Measure it")))[0]) == [("measure_size", made)]
    again = UserMessage("Measure the size of the original photo")
    assert named((await plan(*history, again))[0]) == [("measure_size", A)]
    newer = UserMessage("Measure it", (B,))
    assert named((await plan(*history, newer))[0]) == [("measure_size", B)], "a new photo is newer than any result"


async def test_a_name_is_taken_letter_by_letter_and_never_made_up() -> None:
    calls, _ = await plan(UserMessage("Invert the colours of beef_photo.png", (A,)))
    assert named(calls) == [("invert_colours", "beef_photo.png")], "the store will say that there is none"
    calls, _ = await plan(UserMessage(f"Invert the colours of {B}", (A, B)))
    assert named(calls) == [("invert_colours", B)]


async def test_without_a_picture_it_asks_for_one() -> None:
    calls, text = await plan(UserMessage("Invert the colours"))
    assert calls == []
    assert "attach" in text


async def test_a_photo_that_is_not_there_is_said_to_be_missing() -> None:
    calls, text = await plan(UserMessage("Invert the colours of the third photo", (A, B)))
    assert calls == []
    assert "only 2 photos" in text


async def test_what_asks_for_no_tool_gets_an_honest_introduction() -> None:
    calls, text = await plan(UserMessage("Sing a song", (A,)))
    assert calls == []
    assert "offline planner, no language model" in text
    assert all(tool.name in text for tool in TOOLS)


async def test_a_clause_that_it_does_not_understand_is_owned_up_to() -> None:
    request = UserMessage("Measure the size and bake bread", (A,))
    calls, _ = await plan(request)
    assert [call.name for call in calls] == ["measure_size"]
    request = UserMessage("Measure the size. Bake bread.", (A,))
    calls, _ = await plan(request)
    _, text = await plan(request, *answered(calls, ()))
    assert "did not understand “Bake bread”" in text


async def test_a_failed_call_ends_the_request() -> None:
    request = UserMessage("Cut out the middle, then invert the colours of the cut-out", (A,))
    calls, _ = await plan(request)
    failed = ToolMessage(calls[0], error="out of memory")
    more, text = await plan(request, AssistantMessage("", tuple(calls)), failed)
    assert more == []
    assert "out of memory" in text
    assert "left out “invert the colours of the cut-out”" in text


async def test_an_argument_is_filled_from_the_clause() -> None:
    calls, _ = await plan(UserMessage("Cut out the middle with a share of 0.25", (A,)))
    assert calls[0].parsed_arguments() == {"image": A, "share": 0.25}


async def test_a_choice_that_only_the_nearest_example_names_is_made() -> None:
    divide = sample_tool(
        "divide_picture",
        examples=("divide the picture", "divide everything each part apart"),
        pictures=("picture",),
        by={"type": "string", "enum": ["kind", "part"], "default": "kind"},
    )
    chosen = {}
    for words in ("Divide the picture", "Divide everything apart"):
        calls, _ = await plan(UserMessage(words, (A,)), tools=(*TOOLS, divide))
        chosen[words] = calls[0].parsed_arguments()
    assert chosen == {"Divide the picture": {"image": A}, "Divide everything apart": {"image": A, "by": "part"}}


async def test_a_second_picture_that_nothing_names_is_asked_for() -> None:
    blend = sample_tool(
        "blend_pictures",
        examples=("blend the pictures",),
        required=("image", "other"),
        other={"type": "string", "contentMediaType": "image/*"},
    )
    calls, text = await plan(UserMessage("Blend it", (A,)), tools=(blend,))
    assert calls == []
    assert "other" in text


async def test_a_tool_that_takes_no_picture_is_called_without_one() -> None:
    schema = {"type": "string"}
    paint = sample_tool("paint_scene", examples=("paint a scene",), required=("prompt",), prompt=schema)
    calls, _ = await plan(UserMessage("Paint a scene"), tools=(paint,))
    assert calls[0].parsed_arguments() == {"prompt": "Paint a scene"}


EDGES = sample_tool("detect_edges", examples=("find the edges",), pictures=("edges",))
TEXT = {"prompt": {"type": "string"}}
PAINT = sample_tool(
    "generate_image", examples=("generate an image",), pictures=("picture",), required=("prompt",), **TEXT
)
FROM_EDGES = sample_tool(
    "image_from_edges", examples=("image from edges",), pictures=("picture",), required=("image", "prompt"), **TEXT
)
FROM_DEPTH = sample_tool(
    "image_from_depth", examples=("image from depth",), pictures=("picture",), required=("image", "prompt"), **TEXT
)
DRAWING_TOOLS = (EDGES, MEASURE, PAINT, FROM_EDGES, FROM_DEPTH)


def drawn(calls: Sequence[ToolCall]) -> list[tuple[str, object, object]]:
    given = [(call.name, call.parsed_arguments()) for call in calls]
    return [(name, arguments.get("image"), arguments.get("prompt")) for name, arguments in given]


@pytest.mark.parametrize("words", ["from them", "from the edges", "along these edges", "from it"])
async def test_a_drawing_follows_what_the_step_before_made(words: str) -> None:
    request = UserMessage(f"Find the edges of holiday.jpg and then draw a red car on a green background {words}", (A,))
    calls, _ = await plan(request, tools=DRAWING_TOOLS)
    assert drawn(calls) == [("detect_edges", A, None)], "the name is that of the user's own file, of which there is one"
    made = "1111_detect-edges_000a_000a.png"
    later, _ = await plan(request, *answered(calls, (made,)), tools=DRAWING_TOOLS)
    assert drawn(later) == [("image_from_edges", made, "a red car on a green background")]


async def test_a_drawing_follows_the_edges_and_not_what_was_made_after_them() -> None:
    first = UserMessage("Find the edges, then invert the colours of the photo", (A,))
    edges = ToolCall("call_1", "detect_edges", f'{{"image": "{A}"}}')
    shown = sample_tool("invert_colours", examples=("invert the colours",), pictures=("inverted",))
    inverse = ToolCall("call_2", "invert_colours", f'{{"image": "{A}"}}')
    later = answered([inverse], ("3333_invert-colours_000a_000a.png",))
    request = UserMessage("Draw a dog from the detected edges")
    history = [first, *answered([edges], ("1111_detect-edges_000a_000a.png",)), *later, AssistantMessage("Done.")]
    calls, _ = await plan(*history, request, tools=(*DRAWING_TOOLS, shown))
    assert drawn(calls) == [("image_from_edges", "1111_detect-edges_000a_000a.png", "a dog")]


def test_the_tool_for_a_guide_is_told_by_the_word_that_it_has_alone() -> None:
    """Both have "from" in their names, and so has the request."""
    for guide, tool in (("edges", FROM_EDGES), ("depth map", FROM_DEPTH)):
        assert telling(read_drawing(f"draw a cat from this {guide}"), (FROM_EDGES, FROM_DEPTH), None) is tool
    assert telling(read_drawing("draw a cat from it"), (FROM_EDGES, FROM_DEPTH), None) is None
    assert telling(read_drawing("draw a cat from it"), (FROM_EDGES, FROM_DEPTH), EDGES) is FROM_EDGES


async def test_a_file_name_means_nothing_where_it_could_be_either_photo() -> None:
    calls, _ = await plan(UserMessage("Find the edges of holiday.jpg", (A, B)), tools=DRAWING_TOOLS)
    assert drawn(calls) == [("detect_edges", "holiday.jpg", None)], "the store will say that there is none"


async def test_a_drawing_from_words_needs_no_picture() -> None:
    calls, _ = await plan(UserMessage("Draw a cat. Draw a dog and a bird."), tools=DRAWING_TOOLS)
    assert drawn(calls) == [("generate_image", None, "a cat"), ("generate_image", None, "a dog and a bird")]


async def test_a_drawing_can_be_looked_at() -> None:
    request = UserMessage("Draw a cat, then find its edges")
    calls, _ = await plan(request, tools=DRAWING_TOOLS)
    assert drawn(calls) == [("generate_image", None, "a cat")]
    later, _ = await plan(request, *answered(calls, ("1111_generate-image.png",)), tools=DRAWING_TOOLS)
    assert drawn(later) == [("detect_edges", "1111_generate-image.png", None)]


async def test_the_word_for_the_guide_tells_the_tool() -> None:
    calls, _ = await plan(UserMessage("Make a picture of a dog from this depth map", (A,)), tools=DRAWING_TOOLS)
    assert drawn(calls) == [("image_from_depth", A, "a dog")]


def changer(name: str, *texts: str, example: str) -> object:
    schemas = {text: {"type": "string", "description": "The instruction."} for text in texts}
    return sample_tool(name, examples=(example,), pictures=("picture", "mask"), required=("image", *texts), **schemas)


REPLACE = changer("replace_object", "object", "replacement", example="replace the cat with a dog")
REMOVE = changer("remove_object", "object", example="remove the cat")
EDIT = changer("edit_image", "prompt", example="make the background red")
ASK = sample_tool(
    "answer_question",
    examples=("what is left of the cat",),
    required=("image", "question"),
    question={"type": "string"},
)
FILL = sample_tool(
    "inpaint_image",
    examples=("fill the mask with a cat",),
    pictures=("picture",),
    required=("image", "mask", "prompt"),
    mask={"type": "string", "contentMediaType": "image/*"},
    **TEXT,
)
CHANGING_TOOLS = (*DRAWING_TOOLS, REPLACE, REMOVE, EDIT, ASK)


async def test_things_are_removed_and_replaced_whatever_they_are_called() -> None:
    request = UserMessage("Replace the umbrella with a soccer ball. Remove the guitar.", (A,))
    calls, _ = await plan(request, tools=CHANGING_TOOLS)
    assert [(call.name, call.parsed_arguments()) for call in calls] == [
        ("replace_object", {"image": A, "object": "umbrella", "replacement": "a soccer ball"})
    ]
    made = "1111_replace-object_000a_000a.png"
    later, _ = await plan(request, *answered(calls, (made,)), tools=CHANGING_TOOLS)
    assert [(call.name, call.parsed_arguments()) for call in later] == [
        ("remove_object", {"image": made, "object": "guitar"})
    ]


async def test_the_name_of_a_thing_counts_less_than_what_is_to_be_done_with_it() -> None:
    tune = sample_tool("tune_instrument", examples=("the guitar",))
    calls, _ = await plan(UserMessage("Remove the guitar", (A,)), tools=(tune, REMOVE))
    assert [call.name for call in calls] == ["remove_object"]


async def test_what_asks_no_question_is_not_answered() -> None:
    calls, _ = await plan(UserMessage("Invert left of the cat", (A,)), tools=(INVERT, ASK))
    assert [call.name for call in calls] in ([], ["invert_colours"])


async def test_a_question_about_places_is_asked_though_it_is_like_no_example() -> None:
    calls, _ = await plan(UserMessage("Which toy lies under my window in this picture?", (A,)), tools=CHANGING_TOOLS)
    assert [(call.name, call.parsed_arguments()["question"]) for call in calls] == [
        ("answer_question", "Which toy lies under my window in this picture?")
    ]


async def test_what_was_changed_last_is_what_is_spoken_of_later() -> None:
    first = UserMessage("Draw a cat", (A,))
    draw = ToolCall("call_1", "generate_image", '{"prompt": "a cat"}')
    drawn_cat = "1111_generate-image.png"
    talk = [first, *answered([draw], (drawn_cat,)), AssistantMessage("Done.")]
    calls, _ = await plan(*talk, UserMessage("Make the background red"), tools=CHANGING_TOOLS)
    assert named(calls) == [("edit_image", drawn_cat)], "not the photo that came before"
    red = "2222_edit-image_1111_1111.png"
    talk += [UserMessage("Make the background red"), *answered(calls, (red,)), AssistantMessage("Done.")]
    asked = UserMessage("What is left of the cat?")
    calls, _ = await plan(*talk, asked, tools=CHANGING_TOOLS)
    assert named(calls) == [("answer_question", red)]
    talk += [asked, *answered(calls, ()), AssistantMessage("Done.")]
    calls, _ = await plan(*talk, UserMessage("Remove the cat"), tools=CHANGING_TOOLS)
    assert named(calls) == [("remove_object", red)], "a question changes nothing"
    calls, _ = await plan(*talk, UserMessage("Find the edges of the photo"), tools=CHANGING_TOOLS)
    assert named(calls) == [("detect_edges", A)]


async def test_a_mask_is_filled_in_the_picture_that_it_was_made_of() -> None:
    request = UserMessage("Cut out the middle, then fill the mask with a house", (A,))
    calls, _ = await plan(request, tools=(CUT, FILL))
    assert named(calls) == [("cut_middle", A)]
    made = ("1111_cut-middle_000a_000a.png", "2222_cut-middle-mask_000a_000a.png")
    later, _ = await plan(request, *answered(calls, made), tools=(CUT, FILL))
    assert [call.parsed_arguments() for call in later] == [{"image": A, "mask": made[1], "prompt": "a house"}]


async def test_what_only_says_how_belongs_to_the_clause_before() -> None:
    steps = sample_tool(
        "generate_image",
        examples=("generate an image",),
        pictures=("picture",),
        required=("prompt",),
        scheduler={"type": "string", "enum": ["ddim", "euler"]},
        **TEXT,
    )
    calls, _ = await plan(UserMessage("Draw a cat, use the ddim scheduler"), tools=(steps,))
    assert [call.parsed_arguments() for call in calls] == [{"prompt": "a cat", "scheduler": "ddim"}]


async def test_two_changes_are_two_calls() -> None:
    change = sample_tool(
        "change_picture", examples=("turn it into",), pictures=("picture",), required=("image", "prompt"), **TEXT
    )
    request = UserMessage("Turn it into a house. Turn it into a boat.", (A,))
    calls, _ = await plan(request, tools=(change,))
    assert drawn(calls) == [("change_picture", A, "a house")]
    made = "1111_change-picture_000a_000a.png"
    later, _ = await plan(request, *answered(calls, (made,)), tools=(change,))
    assert drawn(later) == [("change_picture", made, "a boat")]


async def test_what_is_to_be_drawn_is_asked_for() -> None:
    calls, text = await plan(UserMessage("Generate an image from these edges", (A,)), tools=DRAWING_TOOLS)
    assert calls == []
    assert "prompt" in text


async def test_without_tools_it_says_so() -> None:
    calls, text = await plan(UserMessage("Measure it", (A,)), tools=())
    assert calls == []
    assert "no tools" in text


async def test_it_holds_a_whole_conversation_through_the_loop(tmp_path: Path) -> None:
    vision, store = SampleVision(), PictureStore(tmp_path / "session")
    photo = store.add_photo(write_photo(tmp_path))
    talk = Conversation(OfflinePlanner(ServedEmbedder(vision)), Toolbox(vision, store))
    request = "Cut out the middle, invert the colours of the cut-out, and then measure the size of the result."
    events: list[Event] = [event async for event in talk.send(request, [photo])]
    answers = [message for message in talk.messages if isinstance(message, ToolMessage)]
    assert [(answer.call.name, answer.error) for answer in answers] == [
        ("cut_middle", None),
        ("invert_colours", None),
        ("measure_size", None),
    ]
    assert answers[1].call.parsed_arguments()["image"] == answers[0].pictures[0]
    assert answers[2].call.parsed_arguments()["image"] == answers[1].pictures[0]
    reply = events[-1]
    assert isinstance(reply, ReplyFinished)
    assert "8 × 6" in reply.text


async def test_a_server_without_the_embedding_model_is_one_clear_error() -> None:
    class Unloaded(SampleVision):
        async def infer(self, model: str, inputs: object) -> dict[str, object]:
            raise ServerError("model text_embedding is not loaded")

    planner = OfflinePlanner(ServedEmbedder(Unloaded()))  # type: ignore[arg-type]
    with pytest.raises(ChatModelError, match=r"needs the model 'text_embedding'.*OPENAI_API_KEY"):
        await anext(planner.complete([UserMessage("Measure it", (A,))], TOOLS))


def test_it_introduces_itself_as_what_it_is() -> None:
    planner = OfflinePlanner(WordEmbedder())
    assert planner.name == "offline planner"
    assert "no language model" in planner.introduction
