"""Reads requests for drawings: what is to be drawn, and what it is to be drawn from; knows words and no tool."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from visgate_agent.planner.clauses import quoted_strings
from visgate_agent.planner.english import NUMBERS
from visgate_agent.planner.file_names import PICTURE_FILE

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
_DRAWN_THING = re.compile(rf"^(?:{_DRAW}|generate|create){_ME}\s+{_INDEFINITE}", re.I)
_LITERAL = re.compile(
    rf"^(?:{_MAKE}|{_DRAW}){_ME}(?:{_NEW}\s+{_PICTURE})?(?:\s+(?:of|with|showing))?(?:\s+(?:this|these|the following))?"
    rf"(?:\s+{_PICTURE})?\s*:\s*(?=\S)",
    re.I,
)
_DRAWS = re.compile(rf"^{_DRAW}\b", re.I)
_REQUEST = re.compile(rf"^(?:re)?(?:{_MAKE}|{_DRAW}){_ME}\s+", re.I)
_AS = re.compile(r"\b(?:as|into)\s+(?=(?:an?|one|two|three|some|the)\s+\w)", re.I)
_CHANGED = re.compile(r"^(?:redraw|repaint|redo|turn|change|transform|make)\b.*?\b(?:as|into|to|with)\s+", re.I)

_POINTING = r"(?:the|this|that|these|those|my|its|their)"
_GUIDE = (
    r"(?:(?:(?:soft|hed|straight|canny)\s+)?"
    r"(?:edges?|canny|hed|depth|normals?|segmentations?|segments|pose|sketch|line|scribble)"
    r"(?: (?:edges?|maps?|pictures?|images?|boundar(?:y|ies)))?|outlines?|contours?|(?:straight )?lines?"
    r"|boundar(?:y|ies)"
    r"|maps?|sketches|scribbles|drawings?|pictures?|images?|photos?|results?|layout|shapes?|skeleton|stick figure"
    r"|wireframe|mask|silhouette|outcome|output|one)"
)
_OF_WHICH = rf"\s+(?:of|in)\s+(?:{PICTURE_FILE}|{_POINTING}(?:\s+\w+){{1,2}}|it)\b"
_THING = rf"{_POINTING}\s+(?:\w+[\s-]+){{0,2}}?{_GUIDE}(?:{_OF_WHICH})?"
_PRONOUN = r"(?:them|it|that|this|these|those)\b(?!\s+\w+\s+(?:is|are)\b)"
_FROM = (
    r"(?:from|out of|along|after|by|following|based on|on top of|within|according to|conditioned on|guided by|"
    r"using|with|"
    r"(?:that|which) (?:follows?|fits?|matches)|to match|matching|in)"
)
_SOURCE = re.compile(
    rf"[\s,]*\b(?:{_FROM}\s+(?:{PICTURE_FILE}|{_THING})|"
    rf"(?:from|along|after|following|based on|according to|conditioned on|guided by|using|out of)\s+{_PRONOUN})"
    r"(?=$|[\s,.;])",
    re.I,
)
_GUIDE_CHANGED = re.compile(
    rf"\b{_POINTING}\s+(?:\w+\s+)?(?:sketch(?:es)?|scribbles?|edges?|outlines?|contours?|lines?|wireframe|pose|skeleton|"
    r"stick figure|depth(?: map)?|normals?(?: map)?|segmentation(?: map)?|segments|boundar(?:y|ies))\b",
    re.I,
)
_MASKED = (
    re.compile(
        r"^(?:fill|inpaint|repaint|paint|redraw|replace|cover)\b.*?\bmask(?:ed)?\b.*?\s(?:with|as|by)\s+(?P<prompt>\w.*)$",
        re.I,
    ),
    re.compile(
        r"^(?:draw|paint|put|inpaint|place|add|set)\s+(?P<prompt>\w.*?)\s+(?:where|in|into|inside|within|over|on)\s+"
        r"(?:\w+\s+){0,4}?mask(?:ed)?\b.*$",
        re.I,
    ),
)
_PURPOSE = re.compile(
    r"^(?P<source>(?:use|take|keep|follow|start (?:from|with)|with|from|using)\s+"
    rf"(?:{PICTURE_FILE}|{_THING}|{_PRONOUN}))"
    r"\s*(?:,|and|to|as (?:a )?(?:guide|control|start) (?:to|for))*\s+(?=\w)",
    re.I,
)
_MADE_FIRST = re.compile(rf"\bthe\s+(?P<found>(?:\w+\s+)?{_GUIDE}{_OF_WHICH})", re.I)
_PLACES = r"(?:left|right|middle|cent(?:re|er)|top|bottom|background|foreground|corners?|back|front|side)"
_SHOWN_ALREADY = re.compile(
    rf"\b(?:this|these|those|my|his|her|their)\s+(?!(?:\w+\s+)?{_PLACES}\b)\w|\bthe\s+(?:\w+\s+)?(?:{_PICTURE}|person|"
    rf"man|woman|people|faces?|text|objects?|cut-?\s?out|results?|original)\b|{PICTURE_FILE}",
    re.I,
)
_FINDING = re.compile(
    r"^(?:an?|some|two|three|four|five|six)\s+(?:[\w-]+\s+)?(?:box(?:es)?|lines?|circles?|rectangles?|frames?|borders?|"
    r"edge|edges|edge map|depth|depth map|normal map|segmentation|outlines?|contours?|sketch|scribble|skeleton|mask|"
    r"silhouette|labels?|caption|description|title|wireframe)\b",
    re.I,
)
_NO_CHOICES: Mapping[str, Sequence[str]] = {}
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


def read_drawing(
    clause: str, settings: Iterable[str] = (), choices: Mapping[str, Sequence[str]] = _NO_CHOICES
) -> Drawing:
    """Takes a clause apart.

    "make a picture of a dog from these edges" is the prompt "a dog", the source "from these edges" and the rest
    "make a picture of".

    Args:
        clause: one clause of a request.
        settings: the names of arguments that have numbers; "in 30 steps" is no part of what is drawn.
        choices: what other arguments may be, by their names; "with the ddim scheduler" is none either.
    """
    if quoted := quoted_strings(clause):
        rest, source = _source(clause.replace(quoted[0], ""))
        is_new = bool(_NAMED_PICTURE.match(rest.rstrip(_QUOTES)) or _DRAWS.match(rest))
        is_request = is_new or bool(source or _REQUEST.match(rest) or _CHANGED.match(rest))
        return Drawing(quoted[0].strip(), source, rest, is_new, is_request)
    said = without_settings(clause, settings, choices)
    for pattern in _MASKED:
        if masked := pattern.match(said):
            rest = said[: masked.start("prompt")] + said[masked.end("prompt") :]
            return Drawing(masked["prompt"].strip(_ENDS), "the mask", rest.strip(), is_new=True)
    words, source = _source(said)
    for pattern in (_LITERAL, _NAMED_PICTURE, _DRAWN_THING, _BARE_PICTURE):
        if request := pattern.match(words):
            prompt = words[request.end() :].strip(_ENDS)
            shown = _SHOWN_ALREADY.search(prompt) or _FINDING.match(prompt)
            is_new = bool(prompt or source) and not shown
            return Drawing(prompt, source, request.group().strip(), is_new)
    for pattern in (_CHANGED, _AS):
        if request := pattern.search(words):
            prompt, rest = words[request.end() :].strip(_ENDS), words[: request.end()].strip()
            if guide := _GUIDE_CHANGED.search(rest):
                return Drawing(_BARE_PICTURE.sub("", prompt), guide.group(), rest, is_new=True)
            is_finding = _FINDING.match(prompt) is not None
            return Drawing(prompt, source, rest, is_new=False, is_request=not is_finding, is_change=not is_finding)
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


def without_settings(clause: str, settings: Iterable[str], choices: Mapping[str, Sequence[str]] = _NO_CHOICES) -> str:
    """The clause without words that give a value to an argument by its name, or choose one of an argument's values."""
    number = rf"(?:-?\d+(?:\.\d+)?|{'|'.join(NUMBERS[1:])})"
    said = [_said(setting, number) for setting in settings]
    said += [_said(name, "|".join(map(_spelt, values)), always=True) for name, values in choices.items()]
    for words in said:
        clause = re.sub(
            rf"[\s,]*(?:\b(?:and|with|use|using|set|in|at|by|through)\s+)*\b{words}", "", clause, flags=re.I
        )
    return clause.strip(_ENDS)


def _said(name: str, value: str, *, always: bool = False) -> str:
    """What says that an argument has a value: "steps of 30", "30 steps", "the ddim scheduler"."""
    named = r"[\s_-]".join(re.escape(word) for word in name.split("_")) + "s?"
    article = r"(?:(?:an?|the)\s+)?"
    end = r"(?!\w)" if always else r"\b"
    return rf"{article}(?:{named}(?:\s+(?:of|to|is|at))?\s*[=:]?\s*(?:{value})|(?:{value})\s+{named}){end}"


def _spelt(choice: str) -> str:
    """A value as people may write it: "dpm solver" for dpm_solver++."""
    return r"[\s_-]*".join(map(re.escape, re.findall(r"\w+?(?=_|\b)|(?<=_)\w+", choice.replace("_", " ")))) + r"\+*"
