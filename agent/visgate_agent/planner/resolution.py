"""Decides which picture a reference means, given the photos and what tools made so far; reads no clause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from visgate_agent.picture_names import is_picture_name
from visgate_agent.planner.history import History, MadePicture
from visgate_agent.planner.references import (
    AllPhotos,
    Content,
    Mentioned,
    Named,
    Newest,
    Ordinal,
    OriginalPhoto,
    Reference,
)
from visgate_agent.planner.text_arguments import is_changing_tool, is_drawing_tool
from visgate_agent.planner.tool_words import ResultWords, is_looking_tool, mentioned_stems
from visgate_client import Tool


@dataclass(frozen=True)
class EarlierStep:
    """A call that this request has led to before.

    Attributes:
        tool: what was called.
        source: the name of the picture that it was given; none if it takes no picture.
        pending: whether it is still to be carried out, so that its pictures are not known.
    """

    tool: Tool
    source: str | None
    pending: bool


@dataclass(frozen=True)
class Resolved:
    """The names of the pictures that a reference means; several if it speaks of several photos."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Waits:
    """The reference may mean what a call will make that is still pending."""


@dataclass(frozen=True)
class NoPicture:
    """There is no picture that the reference could mean.

    Attributes:
        reason: for the user: what is missing.
    """

    reason: str


class PictureResolver:
    """Resolves the references of one request's clauses."""

    def __init__(self, history: History, tools: Sequence[Tool]) -> None:
        self._history = history
        self._words = {tool.name: ResultWords.of(tool) for tool in tools}
        self._drawing = {tool.name for tool in tools if is_drawing_tool(tool)}
        self._looking = {tool.name for tool in tools if is_looking_tool(tool)}
        self._changing = {tool.name for tool in tools if is_changing_tool(tool)} - self._looking

    def resolve(self, reference: Reference, tool: Tool, earlier: Sequence[EarlierStep]) -> Resolved | Waits | NoPicture:
        """Which pictures a reference means.

        Args:
            reference: what a clause says.
            tool: what the clause asks for; "find the edges" speaks of what it will make, not of older edges, while
                "a house from the edges" speaks of edges that are there.
            earlier: the steps of the same request that come before the clause, in order.
        """
        if isinstance(reference, Named):
            return Resolved((self._named(reference.name),))
        photos = self._history.photos
        if not self._history.pictures:
            return NoPicture("There is no picture yet: attach one first.")
        match reference:
            case AllPhotos():
                return Resolved(self._history.request.pictures or photos)
            case Ordinal(position):
                return self._counted(position, earlier)
            case OriginalPhoto():
                spoken_of = self._photo(earlier)
                return Resolved((spoken_of if spoken_of in photos or not photos else photos[-1],))
            case Mentioned(words, otherwise):
                return self._mentioned(words, tool, earlier) or self.resolve(otherwise, tool, earlier)
            case Newest(transformed):
                return self._newest(earlier, transformed=transformed)
            case Content():
                return self._content(earlier)

    def made_as(self, word: str, earlier: Sequence[EarlierStep]) -> tuple[str, str] | Waits | None:
        """The newest picture that a word names, and the one that it was made of; none if there is none."""
        stems = mentioned_stems([word])
        if self._is_to_be_made(stems, earlier):
            return Waits()
        return next(((made.name, made.source) for made in self._called(stems) if made.source is not None), None)

    def _mentioned(
        self, mentions: Sequence[str], tool: Tool, earlier: Sequence[EarlierStep]
    ) -> Resolved | Waits | None:
        """The newest picture that one of the mentions fits; none if there is none."""
        stems = mentioned_stems(mentions)
        if tool.name not in self._drawing:
            stems -= self._words[tool.name].any_picture
        if self._is_to_be_made(stems, earlier):
            return Waits()
        newest = next(self._called(stems), None)
        return None if newest is None else Resolved((newest.name,))

    def _is_to_be_made(self, stems: frozenset[str], earlier: Sequence[EarlierStep]) -> bool:
        """Whether a pending call may make a picture that is called so."""
        return any(step.pending and stems & self._words[step.tool.name].any_picture for step in earlier)

    def _called(self, stems: frozenset[str]) -> Iterator[MadePicture]:
        """The pictures that are called so, newest first."""
        for made in reversed(self._history.made):
            # The tool that made a picture may have left the server since.
            words = self._words.get(made.tool)
            if words is not None and stems & words.picture(made.output):
                yield made

    def _named(self, name: str) -> str:
        """The name as the store knows it; an unknown one as it stands, for the store to object to.

        A name that the store would never give is that of a person's own file, and means the photo that came with the
        request, if there is just one: the store gave it another name.
        """
        written = name.lower()
        for known in self._history.pictures:
            if written in (known, known.removesuffix(".png")):
                return known
        attached = self._history.request.pictures
        return attached[0] if len(attached) == 1 and not is_picture_name(name) else name

    def _counted(self, position: int, earlier: Sequence[EarlierStep]) -> Resolved | Waits | NoPicture:
        photos = self._history.photos
        if position == -1 and len(photos) == 1:
            return self._newest(earlier, transformed=False)
        if position >= len(photos):
            count = "is only one photo" if len(photos) == 1 else f"are only {len(photos)} photos"
            return NoPicture(f"There {count}.")
        return Resolved((photos[position],))

    def _photo(self, earlier: Sequence[EarlierStep]) -> str:
        """The photo that is being spoken of: this request's, or that at the head of what was made last."""
        if sources := [step.source for step in earlier if step.source is not None]:
            return self._head(sources[-1])
        if self._history.request.pictures:
            return self._history.request.pictures[0]
        if self._history.last_source is not None:
            return self._head(self._history.last_source)
        return self._history.photos[-1] if self._history.photos else self._history.pictures[-1]

    def _spoken_of(self) -> str:
        """The picture that the conversation is about: a new photo, or what was changed or drawn last."""
        last = self._history.last_made
        if self._history.request.pictures or not self._history.made:
            return self._photo(())
        if last is not None and self._shows_something_new(last):
            return last.name
        made = {picture.name: picture for picture in self._history.made}
        source = made.get(self._history.last_source or "")
        return source.name if source is not None and self._shows_something_new(source) else self._photo(())

    def _shows_something_new(self, picture: MadePicture) -> bool:
        """Whether a picture shows other things than the one that it was made of, and so is what people speak of."""
        return picture.tool in self._changing and picture.output == 0

    def _head(self, name: str) -> str:
        sources = {made.name: made.source for made in self._history.made}
        while (source := sources.get(name)) is not None:
            name = source
        return name

    def _newest(self, earlier: Sequence[EarlierStep], *, transformed: bool) -> Resolved | Waits:
        if any(step.pending for step in earlier):
            return Waits()
        made: Sequence[MadePicture] = self._history.made
        if not earlier and self._history.request.pictures:
            # Photos that come with a request are newer than anything made before it.
            return Resolved((self._photo(earlier),))
        if earlier and any(picture.current for picture in made):
            made = [picture for picture in made if picture.current]
        elif earlier:
            return Resolved((earlier[-1].source or self._photo(earlier),))
        made = [picture for picture in made if picture.output == 0]
        if transformed:
            made = [picture for picture in made if picture.tool not in self._looking] or made
        return Resolved((made[-1].name,)) if made else Resolved((self._photo(earlier),))

    def _content(self, earlier: Sequence[EarlierStep]) -> Resolved | Waits:
        """What the step before looked at, or made of it if that was a new version of the picture."""
        if not earlier:
            return Resolved((self._spoken_of(),))
        last = earlier[-1]
        if last.tool.name in self._looking:
            return Resolved((last.source or self._photo(earlier),))
        if last.pending:
            return Waits()
        made = [made.name for made in self._history.made if made.current and made.output == 0]
        return Resolved((made[-1] if made else self._photo(earlier),))
