"""Reads which thing in a picture a clause speaks of, and what is to be in its place; knows no tool."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from visgate_agent.planner.english import PEOPLE, SHOWN_THINGS, words_of
from visgate_agent.planner.stems import stem

_DETERMINER = r"(?:the|an?|this|that|these|those|my|any|every|each|all|some|one|his|her|its|their|another)"
_STOP = words_of(
    "in on at from with by for into to out off away is are was were and or but where that which who as of has have "
    "disappear disappears vanish vanishes go stand stands sit sits behind under below over above beside next near left "
    "right against instead belong belongs completely entirely please say says mean means show shows so until without i "
    "we you"
)
_NOUN = rf"(?!(?:{_DETERMINER}|{'|'.join(_STOP)})\b)[a-z][\w'-]*"
_NOUNS = rf"{_NOUN}(?:\s+{_NOUN}){{0,3}}"
_THING = rf"(?:{_DETERMINER}\s+)?(?P<thing>{_NOUNS})"
_PICTURE = r"(?:picture|image|photo(?:graph)?|drawing|painting|scene)"
_SOME_PICTURE = re.compile(rf"\b(?:the|this|that|my|these|a)\s+{_PICTURE}\b", re.I)
_OTHER = r"(?P<other>\w.*?)"
_OTHER_LAST = rf"{_OTHER}(?=\s+(?:in|on|of)\s+(?:the|this|my|that)\s+{_PICTURE}\b|\s*$)"

_PUT = r"(?:put|place|set|draw|paint|insert|show|want|use|have|give me)"

_REPLACED = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"\b(?:replace|swap|exchange|switch|trade)\s+(?:out\s+)?{_THING}\s.*?\b(?:with|by|for|against)\s+{_OTHER_LAST}",
        rf"\b(?:turn|change|transform|convert|make)\s+{_THING}\s.*?\b(?:into|to)\s+{_OTHER_LAST}",
        rf"\bsubstitute\s+{_OTHER}\s+for\s+{_THING}",
        rf"^instead\s+of\s+{_THING}\b.*?\b{_PUT}\s+{_OTHER}(?=\s+there\b|\s*$)",
        *(
            rf"^(?:.*?\b{_PUT}\s+)?{_OTHER}\s+{way}\s+{_THING}"
            for way in (r"where", r"(?:in|into|at)\s+(?:the\s+)?(?:place|position|spot)\s+of", r"instead\s+of")
        ),
    )
)
_WITH_DETERMINER = re.compile(rf"\b{_DETERMINER}\s+(?P<thing>{_NOUNS})", re.I)
_BARE = re.compile(
    rf"^(?:find|locate|detect|remove|erase|delete|segment|mask|mark|cut out|get rid of|look for)\s+(?P<thing>{_NOUNS})",
    re.I,
)
_PRONOUN = re.compile(
    r"^(?P<verb>remove|erase|delete|replace|swap|exchange|substitute|segment|mask|mark|get rid of|cut out)"
    r"\s+(?P<thing>it|them|that)\b",
    re.I,
)

_NO_THINGS = (SHOWN_THINGS - PEOPLE) | frozenset(
    words_of(
        "all anything area areas border bottom box cartoon center centre colour colours color colors corner everything "
        "here it left map middle nothing original part parts pixel pixels place position region regions rest "
        "result right scene shape share side sides size something somewhere spot style that them there top version you "
        "me us drawing image images painting photograph pictures photos frame wall canvas instruction question way"
    )
)


@dataclass(frozen=True)
class Things:
    """What a clause says about one thing.

    Attributes:
        thing: what it speaks of, without its article: "soccer ball"; empty if it speaks of none.
        other: what is to be in its place, article and all: "a red car"; empty if nothing is.
        plain: the clause with both exchanged for words that mean any thing, so that what is asked for can be compared
            whatever it is asked for; empty if the clause speaks of no thing.
    """

    thing: str = ""
    other: str = ""
    plain: str = ""


def read_things(clause: str, no_things: Collection[str] = ()) -> Things:
    """Takes a clause apart.

    Args:
        clause: one clause of a request.
        no_things: stems of words that are no things in a picture, such as "edg" where a tool finds edges.
    """
    for pattern in _REPLACED:
        if match := pattern.search(clause):
            if not _is_thing(match["thing"], no_things):
                return Things()
            other = match["other"].strip()
            plain = _exchanged(clause, (match.span("thing"), "object"), (match.span("other"), "another object"))
            return Things(match["thing"], other, plain)
    for match in (*_WITH_DETERMINER.finditer(clause), *_BARE.finditer(clause)):
        if _is_thing(match["thing"], no_things):
            return Things(match["thing"], "", _exchanged(clause, (match.span("thing"), "object")))
    return Things()


def with_nouns(clauses: Collection[str], no_things: Collection[str] = ()) -> tuple[str, ...]:
    """The clauses, with a thing's name for "it" where the clause before named it: "find the cat and remove it"."""
    renewed: list[str] = []
    thing = ""
    for clause in clauses:
        if thing and (pronoun := _PRONOUN.match(clause)):
            clause = f"{pronoun['verb']} the {thing}{clause[pronoun.end() :]}"
        thing = read_things(clause, no_things).thing
        renewed.append(clause)
    return tuple(renewed)


def _is_thing(words: str, no_things: Collection[str]) -> bool:
    each = words.lower().split()
    return not {each[0], each[-1]} & _NO_THINGS and not any(stem(word) in no_things for word in each)


def _exchanged(clause: str, *exchanges: tuple[tuple[int, int], str]) -> str:
    for (start, end), words in sorted(exchanges, reverse=True):
        clause = f"{clause[:start]}{words}{clause[end:]}"
    return _SOME_PICTURE.sub("the picture", clause)
