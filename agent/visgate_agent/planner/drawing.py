"""Reads requests for drawings: what is to be drawn, and what it is to be drawn from; knows words and no tool."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from visgate_agent.planner.clauses import quoted_strings
from visgate_agent.planner.english import NUMBERS

_PICTURE = r"(?:picture|image|drawing|painting|illustration|photo(?:graph)?|artwork|scene|cartoon|version|variation)"
_ME = r"(?:\s+(?:me|us))?"
_NEW = r"(?:\s+(?:a|an|one|another|some|the))?(?:\s+(?:new|nice|small|little|simple|different|beautiful))*"
_SHOWING = (
    r"(?:\s+(?:of|with|showing|depicting|containing|that shows?|which shows?|where there (?:is|are))\b"
    r"|\s+in which(?: there (?:is|are))?\b|(?=\s*$))"
)
_WISH = r"(?:i(?:'d| would) (?:like|love)|i (?:want|need)|let me have)(?:\s+to (?:see|have))?"
_MAKE = rf"(?:generate|create|make|produce|design|give|show|get|do|draw|paint|render|imagine|{_WISH})"
_DRAW = r"(?:draw|paint|render|imagine|illustrate|sketch)"
_INDEFINITE = r"(?=(?:an?|one|two|three|four|five|six|some|another|several)\s+\w)"

_NAMED_PICTURE = re.compile(rf"^{_MAKE}{_ME}{_NEW}\s+{_PICTURE}{_SHOWING}\s*", re.I)
_BARE_PICTURE = re.compile(rf"^(?:an?\s+)?(?:new\s+)?{_PICTURE}\s+(?:of|with|showing)\s+", re.I)
_DRAWN_THING = re.compile(rf"^{_DRAW}{_ME}\s+{_INDEFINITE}", re.I)
_DRAWS = re.compile(rf"^{_DRAW}\b", re.I)
_REQUEST = re.compile(rf"^(?:re)?(?:{_MAKE}|{_DRAW}){_ME}\s+", re.I)
_AS = re.compile(r"\b(?:as|into)\s+(?=(?:an?|one|two|three|some|the)\s+\w)", re.I)
_CHANGED = re.compile(r"^(?:redraw|repaint|redo|turn|change|transform|make)\b.*?\b(?:as|into|to|with)\s+", re.I)

_FILE = r"\S+\.(?:png|jpe?g|webp|gif|bmp|tiff?)"
_POINTING = r"(?:the|this|that|these|those|my|its|their)"
_GUIDE = (
    r"(?:(?:edges?|canny|depth)(?: (?:edges?|maps?|pictures?|images?))?|outlines?|contours?|lines?|maps?|sketch(?:es)?"
    r"|scribbles?|drawings?|pictures?|images?|photos?|results?|layout|shapes?|pose|skeleton|mask|silhouette|outcome"
    r"|output|one)"
)
_OF_WHICH = rf"\s+(?:of|in)\s+(?:{_FILE}|{_POINTING}(?:\s+\w+){{1,2}}|it)\b"
_THING = rf"{_POINTING}\s+(?:\w+[\s-]+){{0,2}}?{_GUIDE}(?:{_OF_WHICH})?"
_PRONOUN = r"(?:them|it|that|this|these|those)\b(?!\s+\w+\s+(?:is|are)\b)"
_FROM = (
    r"(?:from|out of|along|after|by|following|based on|according to|conditioned on|guided by|using|with|"
    r"(?:that|which) (?:follows?|fits?|matches)|to match|matching|in)"
)
_SOURCE = re.compile(
    rf"[\s,]*\b(?:{_FROM}\s+(?:{_FILE}|{_THING})|"
    rf"(?:from|along|after|following|based on|according to|guided by|using|out of)\s+{_PRONOUN})(?=$|[\s,.;])",
    re.I,
)
_PURPOSE = re.compile(
    rf"^(?P<source>(?:use|take|keep|follow|start (?:from|with)|with|from|using)\s+(?:{_FILE}|{_THING}|{_PRONOUN}))"
    r"\s*(?:,|and|to|as (?:a )?(?:guide|control|start) (?:to|for))*\s+(?=\w)",
    re.I,
)
_MADE_FIRST = re.compile(rf"\bthe\s+(?P<found>(?:\w+\s+)?{_GUIDE}{_OF_WHICH})", re.I)
_PLACES = r"(?:left|right|middle|cent(?:re|er)|top|bottom|background|foreground|corners?|back|front|side)"
_SHOWN_ALREADY = re.compile(
    rf"\b(?:this|these|those|my|his|her|their)\s+(?!(?:\w+\s+)?{_PLACES}\b)\w|\bthe\s+(?:\w+\s+)?(?:{_PICTURE}|person|"
    rf"man|woman|people|faces?|text|objects?|cut-?\s?out|results?|original)\b|{_FILE}|"
    r"^(?:an?|some|two|three|four|five|six)\s+(?:\w+\s+)?(?:box(?:es)?|lines?|circles?|rectangles?|frames?|borders?|edge|edges|"
    r"edge map|outlines?|contours?|sketch|scribble|skeleton|mask|silhouette|labels?|caption|wireframe)\b",
    re.I,
)
_ENDS = " ,;:."
_QUOTES = _ENDS + "\"'“”"


@dataclass(frozen=True)
class Drawing:
    """A clause read as a request for a drawing.

    Attributes:
        prompt: what the drawing shows; empty if the clause does not say.
        source: the words for the picture that it is drawn from; empty if it is drawn from nothing, or from what the
            rest of the clause speaks of.
        rest: the clause without the prompt.
        is_new: whether the clause asks for something that no picture shows yet, as in "draw a cat".
        is_request: whether the clause has words that ask for a picture at all.
        is_change: whether the clause asks for something else in place of a picture, as in "redraw it as a cat".
    """

    prompt: str
    source: str
    rest: str
    is_new: bool
    is_request: bool = True
    is_change: bool = False


def read_drawing(clause: str, settings: Iterable[str] = ()) -> Drawing:
    """Takes a clause apart.

    "make a picture of a dog from these edges" is the prompt "a dog", the source "from these edges" and the rest
    "make a picture of".

    Args:
        clause: one clause of a request.
        settings: the names of arguments that have numbers; "in 30 steps" is no part of what is drawn.
    """
    if quoted := quoted_strings(clause):
        rest, source = _source(clause.replace(quoted[0], ""))
        is_new = bool(_NAMED_PICTURE.match(rest.rstrip(_QUOTES)) or _DRAWS.match(rest))
        is_request = is_new or bool(source or _REQUEST.match(rest) or _CHANGED.match(rest))
        return Drawing(quoted[0].strip(), source, rest, is_new, is_request)
    words, source = _source(_without_settings(clause, settings))
    for pattern in (_NAMED_PICTURE, _DRAWN_THING, _BARE_PICTURE):
        if request := pattern.match(words):
            prompt = words[request.end() :].strip(_ENDS)
            is_new = bool(prompt or source) and not _SHOWN_ALREADY.search(prompt)
            return Drawing(prompt, source, request.group().strip(), is_new)
    for pattern in (_CHANGED, _AS):
        if request := pattern.search(words):
            prompt, rest = words[request.end() :].strip(_ENDS), words[: request.end()].strip()
            return Drawing(prompt, source, rest, is_new=False, is_change=True)
    request = _REQUEST.match(words)
    start = request.end() if request else 0
    is_request = bool(request or source)
    return Drawing(words[start:].strip(_ENDS), source, words[:start].strip(), is_new=False, is_request=is_request)


def with_sources(clauses: Sequence[str]) -> tuple[str, ...]:
    """The clauses, with each that only names what to draw from put before the next: "from these edges, draw a cat"."""
    joined: list[str] = []
    before = ""
    for clause in clauses:
        whole = f"{before}, {clause}" if before else clause
        rest, source = _source(f"{clause} x")
        before = whole if source and rest == "x" else ""
        if not before:
            joined.append(whole)
    return (*joined, before) if before else tuple(joined)


def made_first(clause: str) -> tuple[str, ...]:
    """The clauses of a drawing from what has to be found first; the clause alone if it is none.

    "draw a dog from the edges of photo.png" is "find the edges of photo.png" and "draw a dog from them".
    """
    drawing = read_drawing(clause)
    found = _MADE_FIRST.search(drawing.source)
    if not drawing.is_new or not found:
        return (clause,)
    return (f"find the {found['found']}", clause.replace(found.group(), "them", 1))


def _source(clause: str) -> tuple[str, str]:
    """The clause without what it is to be drawn from, and that."""
    if purpose := _PURPOSE.match(clause):
        return clause[purpose.end() :].strip(_ENDS), purpose["source"]
    if source := _SOURCE.search(clause):
        return f"{clause[: source.start()]}{clause[source.end() :]}".strip(_ENDS), source.group().strip(_ENDS)
    return clause, ""


def _without_settings(clause: str, settings: Iterable[str]) -> str:
    number = rf"(?:-?\d+(?:\.\d+)?|{'|'.join(NUMBERS[1:])})"
    for setting in settings:
        name = r"[\s_-]".join(re.escape(word) for word in setting.split("_")) + "s?"
        said = rf"(?:(?:an?|the)\s+)?(?:{name}(?:\s+(?:of|to|is|at))?\s*[=:]?\s*{number}|{number}\s+{name})\b"
        clause = re.sub(rf"[\s,]*(?:\b(?:and|with|using|in|at|by)\s+)*\b{said}", "", clause, flags=re.I)
    return clause.strip(_ENDS)
