"""The language model's path, through the real openai client against a scripted endpoint."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI
from sample_vision import INVERT, SampleVision, write_photo
from scripted_openai import Answer, Raw, Refusal, ScriptedOpenAI, Stream, fragment, text, whole_call

from visgate_agent.chat_model import CompletionEvent
from visgate_agent.conversation import Conversation
from visgate_agent.errors import ChatModelError, ChatModelRefusedError, StreamBrokenError
from visgate_agent.events import CallStarted, ReplyFinished, TextDelta
from visgate_agent.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from visgate_agent.openai_model import OpenAIChatModel
from visgate_agent.picture_store import PictureStore
from visgate_agent.toolbox import Toolbox


@asynccontextmanager
async def model_at(*answers: Answer) -> AsyncGenerator[tuple[OpenAIChatModel, ScriptedOpenAI], None]:
    async with (
        ScriptedOpenAI(list(answers)) as endpoint,
        AsyncOpenAI(api_key="sesame", base_url=endpoint.base_url) as client,
    ):
        yield OpenAIChatModel(client, "some-model"), endpoint


async def complete(
    *answers: Answer, messages: Sequence[Message] = (UserMessage("Hello"),)
) -> tuple[list[CompletionEvent], dict[str, Any]]:
    async with model_at(*answers) as (model, endpoint):
        events = [event async for event in model.complete(messages, [INVERT])]
        return events, endpoint.requests[0]


async def test_text_comes_in_the_pieces_in_which_it_is_sent() -> None:
    events, _ = await complete(Stream([text("Good "), text("morning"), text("")]))
    assert events == [TextDelta("Good "), TextDelta("morning")]


async def test_the_text_is_there_before_the_stream_ends() -> None:
    heard = asyncio.Event()
    async with model_at(Stream([text("one"), heard, text("two")])) as (model, _):
        said = []
        async for event in model.complete([UserMessage("Count")], []):
            said.append(event)
            heard.set()
    assert said == [TextDelta("one"), TextDelta("two")]


async def test_fragmented_calls_are_put_together() -> None:
    parts = [
        *whole_call(0, "invert_colours", "id_a", image="03fa_photo.png", note='quoted "ü"'),
        *whole_call(1, "measure_size", "id_b"),
    ]
    events, _ = await complete(Stream(parts, "tool_calls"))
    first, second = events
    assert isinstance(first, ToolCall)
    assert (first.call_id, first.name) == ("id_a", "invert_colours")
    assert first.parsed_arguments() == {"image": "03fa_photo.png", "note": 'quoted "ü"'}
    assert second == ToolCall("id_b", "measure_size", "{}")


async def test_a_call_is_given_out_when_the_next_begins_not_when_the_stream_ends() -> None:
    given_out = asyncio.Event()
    parts = [*whole_call(0, "invert_colours", "a"), fragment(1, name="measure_size", call_id="b"), given_out]
    async with model_at(Stream(parts, "tool_calls")) as (model, _):
        # The endpoint goes on only once the first call is here.
        async for event in model.complete([UserMessage("Go")], []):
            assert isinstance(event, ToolCall)
            given_out.set()
            last = event.call_id
    assert last == "b"


async def test_a_tool_runs_while_the_endpoint_is_still_streaming(tmp_path: Path) -> None:
    vision, store, called = SampleVision(), PictureStore(tmp_path / "session"), asyncio.Event()
    photo = store.add_photo(write_photo(tmp_path))

    async def note() -> None:
        called.set()

    vision.before["invert_colours"] = note
    parts = [
        *whole_call(0, "invert_colours", "a", image=photo),
        fragment(1, name="measure_size", call_id="b"),
        called,
        *(fragment(1, piece) for piece in ('{"ima', f'ge": "{photo}"}}')),
    ]
    async with model_at(Stream(parts, "tool_calls"), Stream([text("Both done.")])) as (model, endpoint):
        talk = Conversation(model, Toolbox(vision, store))
        events = [event async for event in talk.send("Invert and measure", [photo])]
    assert [event.call.name for event in events if isinstance(event, CallStarted)] == ["invert_colours", "measure_size"]
    assert events[-1] == ReplyFinished("Both done.")
    roles = [message["role"] for message in endpoint.requests[1]["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "tool"]


async def test_calls_that_share_an_index_are_told_apart_by_their_ids() -> None:
    parts = [*whole_call(0, "invert_colours", "a", image="x"), *whole_call(0, "measure_size", "b", image="y")]
    events, _ = await complete(Stream(parts, "tool_calls"))
    assert [(call.call_id, call.parsed_arguments()) for call in events if isinstance(call, ToolCall)] == [
        ("a", {"image": "x"}),
        ("b", {"image": "y"}),
    ]


async def test_calls_without_ids_get_different_ones() -> None:
    parts = [fragment(0, "{}", name="invert_colours"), fragment(1, "{}", name="invert_colours")]
    events, _ = await complete(Stream(parts, "tool_calls"))
    assert len({call.call_id for call in events if isinstance(call, ToolCall)}) == 2


async def test_a_fragment_of_a_finished_call_is_a_broken_stream() -> None:
    parts = [*whole_call(0, "invert_colours", "a"), *whole_call(1, "measure_size", "b"), fragment(0, "late")]
    with pytest.raises(StreamBrokenError, match="went back to tool call 0"):
        await complete(Stream(parts, "tool_calls"))


async def test_invalid_arguments_are_passed_on_for_the_loop_to_judge() -> None:
    events, _ = await complete(Stream([fragment(0, '{"image": ', name="invert_colours", call_id="a")], "tool_calls"))
    assert events == [ToolCall("a", "invert_colours", '{"image": ')]


async def test_the_endpoint_gets_tools_as_functions_and_pictures_by_name() -> None:
    call = ToolCall("a", "invert_colours", '{"image": "03fa_photo.png"}')
    messages = [
        UserMessage("Invert it", ("03fa_photo.png",)),
        AssistantMessage("", (call,)),
        ToolMessage(call, "Inverted.", {"share": 0.123456789}, ("4b7d_invert-colours_03fa_03fa.png",)),
        AssistantMessage("Done."),
        UserMessage("Thanks"),
    ]
    _, request = await complete(Stream([text("!")]), messages=messages)
    assert (request["model"], request["stream"]) == ("some-model", True)
    assert request["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "invert_colours",
                "description": INVERT.description,
                "parameters": dict(INVERT.parameters),
            },
        }
    ]
    system, user, assistant, tool, reply, thanks = request["messages"]
    assert "never make one up" in system["content"]
    assert user["content"] == "Invert it\n\nPictures attached: 03fa_photo.png"
    assert assistant["tool_calls"] == [
        {"id": "a", "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
    ]
    assert tool["tool_call_id"] == "a"
    assert tool["content"].splitlines() == [
        "Inverted.",
        "New pictures: 4b7d_invert-colours_03fa_03fa.png",
        'Data: {"share":0.1235}',
    ]
    assert reply == {"role": "assistant", "content": "Done."}
    assert thanks == {"role": "user", "content": "Thanks"}


async def test_a_call_that_was_no_json_is_sent_back_as_json() -> None:
    call = ToolCall("a", "invert_colours", '{"image": ')
    messages = [UserMessage("Go"), AssistantMessage("", (call,)), ToolMessage(call, error="not valid JSON")]
    _, request = await complete(Stream([text("!")]), messages=messages)
    assistant, tool = request["messages"][2:]
    arguments = json.loads(assistant["tool_calls"][0]["function"]["arguments"])
    assert arguments == {"not_valid_json": '{"image": '}
    assert tool["content"] == "Error: not valid JSON"


async def test_the_key_goes_to_the_endpoint() -> None:
    async with model_at(Stream([text("!")])) as (model, endpoint):
        assert [event async for event in model.complete([UserMessage("Hi")], [])] == [TextDelta("!")]
    assert endpoint.keys == ["Bearer sesame"]
    assert "tools" not in endpoint.requests[0], "an empty list of tools is an error for some endpoints"


async def test_a_wrong_key_is_said_to_be_one() -> None:
    with pytest.raises(ChatModelRefusedError, match=r"OPENAI_API_KEY: .*no such key"):
        await complete(Refusal(401, "no such key"))


async def test_an_unknown_model_is_said_to_be_one() -> None:
    with pytest.raises(ChatModelRefusedError, match=r"no model 'some-model'.*--model"):
        await complete(Refusal(404, "not found"))


async def test_a_failing_endpoint_is_asked_again_and_then_told_of() -> None:
    async with model_at(*[Refusal(500, "disk full")] * 3) as (model, endpoint):
        with pytest.raises(ChatModelError, match=r"status 500: .*disk full") as caught:
            await anext(model.complete([UserMessage("Hi")], []))
    assert not isinstance(caught.value, ChatModelRefusedError), "asking later may help"
    assert len(endpoint.requests) == 3


async def test_an_endpoint_that_recovers_is_not_told_of() -> None:
    events, _ = await complete(Refusal(500, "busy"), Stream([text("Here")]))
    assert events == [TextDelta("Here")]


@pytest.mark.parametrize(
    "answer",
    [
        Stream([text("Once upon a"), text(" time")], dropped=True),
        Stream([text("Once upon a"), text(" time")], finish_reason=None),
    ],
    ids=["connection cut", "ended without a reason"],
)
async def test_a_stream_that_breaks_off_is_an_error_after_its_text(answer: Stream) -> None:
    said: list[CompletionEvent] = []

    async def listen(model: OpenAIChatModel) -> None:
        async for event in model.complete([UserMessage("Tell me a story")], []):
            said.append(event)

    async with model_at(answer) as (model, _):
        with pytest.raises(StreamBrokenError, match="ask again"):
            await listen(model)
    assert said == [TextDelta("Once upon a"), TextDelta(" time")]


async def test_a_call_cut_off_with_its_stream_never_runs() -> None:
    with pytest.raises(StreamBrokenError):
        await complete(Stream(whole_call(0, "invert_colours", "a", image="x"), dropped=True))


async def test_a_stream_of_nonsense_is_a_broken_stream() -> None:
    with pytest.raises(StreamBrokenError, match="not valid JSON"):
        await complete(Raw(b"data: {nonsense\n\n"))


async def test_an_error_inside_the_stream_is_told() -> None:
    with pytest.raises(ChatModelError, match="overloaded"):
        await complete(Raw(b'data: {"error": {"message": "overloaded"}}\n\n'))


@pytest.mark.parametrize(("reason", "told"), [("length", "limit of tokens"), ("content_filter", "content filter")])
async def test_an_answer_that_was_cut_short_is_an_error(reason: str, told: str) -> None:
    with pytest.raises(ChatModelError, match=told):
        await complete(Stream([text("I")], reason))


async def test_no_endpoint_is_one_clear_error(unused_port: int) -> None:
    async with AsyncOpenAI(api_key="k", base_url=f"http://127.0.0.1:{unused_port}/v1", max_retries=0) as client:
        with pytest.raises(ChatModelError, match="OPENAI_BASE_URL"):
            await anext(OpenAIChatModel(client, "m").complete([UserMessage("Hi")], []))
