"""One person's session: a conversation, its pictures and its transcript, in a folder of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from visgate_agent.chat_model import ChatModel
from visgate_agent.conversation import Conversation
from visgate_agent.events import Event
from visgate_agent.picture_store import PictureStore
from visgate_agent.toolbox import Toolbox
from visgate_agent.transcript import Transcript, TurnRecorder
from visgate_agent.vision import VisionServer
from visgate_client import VisgateError


@dataclass(frozen=True)
class SpokenMessage:
    """What a person says, and the files of the photos that go with it."""

    text: str
    photos: tuple[Path, ...] = ()


class Session:
    """Shares nothing with any other session but the vision server and the chat model, which hold no state of it.

    Attributes:
        pictures: the session's pictures.
        transcript: all that has happened; saved in the folder after every turn.
    """

    def __init__(self, vision: VisionServer, chat_model: ChatModel, folder: Path, server: str) -> None:
        self.pictures = PictureStore(folder)
        self.transcript = Transcript(chat_model.name, server, datetime.now(UTC).isoformat(timespec="seconds"))
        self._conversation = Conversation(chat_model, Toolbox(vision, self.pictures))
        self._folder = folder

    async def send(self, message: SpokenMessage) -> AsyncGenerator[Event, None]:
        """Says something, perhaps with photos, and yields what happens until there is a reply.

        Raises:
            VisgateError: a photo cannot be read, or the conversation cannot go on (see `Conversation.send`).
        """
        names = [self.pictures.add_photo(photo) for photo in message.photos]
        recorder = TurnRecorder(message.text, names)
        self.transcript.turns.append(recorder.turn)
        try:
            async with aclosing(self._conversation.send(message.text, names)) as events:
                async for event in events:
                    recorder.record(event)
                    yield event
        except VisgateError as error:
            recorder.turn.error = str(error)
            raise
        finally:
            self.transcript.save(self._folder)
