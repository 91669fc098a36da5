"""The loop: what it starts when, what goes back to the chat model, and what it leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sample_vision import CUT, INVERT, MEASURE, SampleVision, sample_tool, write_photo
from scripted_chat_model import ScriptedChatModel, calls, says

from visgate_agent.conversation import Conversation
from visgate_agent.errors import StreamBrokenError, TooManyRoundsError
from visgate_agent.events import CallFinished, CallStarted, Event, ReplyFinished, TextDelta
from visgate_agent.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from visgate_agent.picture_store import PictureStore
from visgate_agent.toolbox import Toolbox
from visgate_client import ServerError

Talk = Callable[..., tuple[Conversation, str]]


@pytest.fixture
def vision() -> SampleVision:
    return SampleVision()


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(tmp_path / "session")


@pytest.fixture
def photo(store: PictureStore, tmp_path: Path) -> str:
    return store.add_photo(write_photo(tmp_path))


def conversation(model: ScriptedChatModel, vision: SampleVision, store: PictureStore, rounds: int = 5) -> Conversation:
    return Conversation(model, Toolbox(vision, store), max_rounds=rounds)


async def collect(talk: Conversation, text: str, pictures: Sequence[str] = ()) -> list[Event]:
    return [event async for event in talk.send(text, pictures)]


def answers(talk: Conversation) -> list[ToolMessage]:
    return [message for message in talk.messages if isinstance(message, ToolMessage)]


async def within(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), timeout=60)


async def test_a_turn_leaves_its_messages_in_order(vision: SampleVision, store: PictureStore, photo: str) -> None:
    call = calls("measure_size", image=photo)
    model = ScriptedChatModel([says("Let me "), says("see."), call], [says("It is small.")])
    talk = conversation(model, vision, store)
    events = await collect(talk, "How large is it?", [photo])
    assert events[:3] == [TextDelta("Let me "), TextDelta("see."), CallStarted(call)]
    assert isinstance(events[3], CallFinished)
    assert events[-1] == ReplyFinished("It is small.")
    user, assistant, answer, reply = talk.messages
    assert user == UserMessage("How large is it?", (photo,))
    assert assistant == AssistantMessage("Let me see.", (call,))
    assert isinstance(answer, ToolMessage)
    assert (answer.call, answer.text, answer.data, answer.error) == (call, "8 × 6", {"width": 8}, None)
    assert reply == AssistantMessage("It is small.")
    assert model.seen[1] == (user, assistant, answer), "the second completion sees the answer"


async def test_a_call_runs_while_the_model_is_still_writing(
    vision: SampleVision, store: PictureStore, photo: str
) -> None:
    called = asyncio.Event()

    async def note() -> None:
        called.set()

    vision.before["measure_size"] = note
    # The model writes its next word only after the tool has been called: a loop that waited for the end of the
    # completion would never see that word.
    model = ScriptedChatModel(
        [calls("measure_size", image=photo), lambda: within(called), says("still writing")], [says("done")]
    )
    events = await collect(conversation(model, vision, store), "Go", [photo])
    assert TextDelta("still writing") in events


async def test_calls_of_one_completion_run_at_once(vision: SampleVision, store: PictureStore, photo: str) -> None:
    both = asyncio.Barrier(2)

    async def meet() -> None:
        await asyncio.wait_for(both.wait(), timeout=60)

    vision.before = {"measure_size": meet, "invert_colours": meet}
    model = ScriptedChatModel(
        [calls("measure_size", "a", image=photo), calls("invert_colours", "b", image=photo)], [says("done")]
    )
    talk = conversation(model, vision, store)
    await collect(talk, "Go", [photo])
    assert [answer.error for answer in answers(talk)] == [None, None]


async def test_answers_stand_in_the_order_of_the_calls(vision: SampleVision, store: PictureStore, photo: str) -> None:
    second_done = asyncio.Event()
    vision.before["measure_size"] = lambda: within(second_done)
    model = ScriptedChatModel(
        [calls("measure_size", "slow", image=photo), calls("invert_colours", "fast", image=photo)], [says("done")]
    )
    talk = conversation(model, vision, store)
    finished = []
    async for event in talk.send("Go", [photo]):
        if isinstance(event, CallFinished):
            finished.append(event.message.call.call_id)
            second_done.set()
    assert finished == ["fast", "slow"]
    assert [answer.call.call_id for answer in answers(talk)] == ["slow", "fast"]


async def test_a_later_call_uses_a_picture_that_an_earlier_one_made(
    vision: SampleVision, store: PictureStore, photo: str
) -> None:
    def enlarge_result(messages: Sequence[Message]) -> list[ToolCall]:
        last = messages[-1]
        assert isinstance(last, ToolMessage)
        return [calls("invert_colours", "call_2", image=last.pictures[0])]

    model = ScriptedChatModel([calls("cut_middle", image=photo)], enlarge_result, [says("done")])
    talk = conversation(model, vision, store)
    await collect(talk, "Cut, then invert", [photo])
    cut, inverted = answers(talk)
    assert len(cut.pictures) == 2, "the cut-out and its mask"
    original = photo.split("_")[0]
    assert inverted.pictures[0].split("_")[1:] == ["invert-colours", cut.pictures[0].split("_")[0], f"{original}.png"]
    assert vision.calls[1][1]["image"] == store.folder / cut.pictures[0]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (ToolCall("c", "measure_size", '{"image": "x'), "not valid JSON"),
        (ToolCall("c", "measure_size", '["a picture"]'), "one JSON object"),
        (calls("paint_house"), "the tools are invert_colours, measure_size, cut_middle"),
        (calls("measure_size", image="dead_photo.png"), "there is no picture 'dead_photo.png'"),
        (calls("measure_size", image="../../secret.png"), "there is no picture"),
        (calls("measure_size", image=7), "must be the name of a picture"),
    ],
)
async def test_a_mistake_goes_back_as_data_and_can_be_mended(
    vision: SampleVision, store: PictureStore, photo: str, call: ToolCall, told: str
) -> None:
    model = ScriptedChatModel([call], [calls("measure_size", "again", image=photo)], [says("done")])
    talk = conversation(model, vision, store)
    events = await collect(talk, "Go", [photo])
    wrong, right = answers(talk)
    assert wrong.error is not None
    assert told in wrong.error
    assert right.text == "8 × 6"
    assert events[-1] == ReplyFinished("done")
    assert [name for name, _ in vision.calls] == ["measure_size"], "the mistake never reached the server"


async def test_an_unknown_picture_lists_those_that_exist(vision: SampleVision, store: PictureStore, photo: str) -> None:
    model = ScriptedChatModel([calls("measure_size", image="made_up.png")], [says("done")])
    talk = conversation(model, vision, store)
    await collect(talk, "Go", [photo])
    assert photo in str(answers(talk)[0].error)


async def test_a_servers_error_goes_back_as_data(vision: SampleVision, store: PictureStore, photo: str) -> None:
    vision.errors["measure_size"] = ServerError("model measure_size: out of memory")
    model = ScriptedChatModel([calls("measure_size", image=photo)], [says("It does not work.")])
    talk = conversation(model, vision, store)
    await collect(talk, "Go", [photo])
    assert answers(talk)[0].error == "model measure_size: out of memory"
    assert talk.messages[-1] == AssistantMessage("It does not work.")


async def test_rounds_are_limited(vision: SampleVision, store: PictureStore, photo: str) -> None:
    rounds = [[calls("measure_size", f"call_{number}", image=photo)] for number in range(9)]
    talk = conversation(ScriptedChatModel(*rounds), vision, store, rounds=3)
    with pytest.raises(TooManyRoundsError, match="3 rounds"):
        await collect(talk, "Go", [photo])
    assert len(vision.calls) == 3


async def test_a_broken_stream_cancels_its_calls_and_leaves_no_half_message(
    vision: SampleVision, store: PictureStore, photo: str
) -> None:
    started = asyncio.Event()

    async def hang() -> None:
        started.set()
        await asyncio.Event().wait()

    vision.before["measure_size"] = hang
    model = ScriptedChatModel(
        [says("Well"), calls("measure_size", image=photo), lambda: within(started), StreamBrokenError("gone")],
        [says("Hello again.")],
    )
    talk = conversation(model, vision, store)
    with pytest.raises(StreamBrokenError, match="gone"):
        await collect(talk, "Go", [photo])
    assert vision.cancelled == ["measure_size"]
    assert talk.messages == [UserMessage("Go", (photo,))]
    assert (await collect(talk, "Once more"))[-1] == ReplyFinished("Hello again.")


async def test_closing_the_turn_cancels_what_runs(vision: SampleVision, store: PictureStore, photo: str) -> None:
    vision.before["measure_size"] = lambda: asyncio.Event().wait()
    model = ScriptedChatModel([calls("measure_size", image=photo)])
    turn = conversation(model, vision, store).send("Go", [photo])
    assert isinstance(await anext(turn), CallStarted)
    await asyncio.sleep(0)
    await turn.aclose()
    assert vision.cancelled == ["measure_size"]


async def test_a_tool_that_joins_the_server_is_offered_in_the_next_turn(
    vision: SampleVision, store: PictureStore
) -> None:
    model = ScriptedChatModel([says("one")], [says("two")])
    talk = conversation(model, vision, store)
    await collect(talk, "Hello")
    vision.offered = (INVERT, MEASURE, CUT, sample_tool("count_stars"))
    await collect(talk, "Hello")
    assert [names[-1] for names in model.tools_seen] == ["cut_middle", "count_stars"]
