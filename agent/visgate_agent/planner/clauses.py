"""Splits a request into clauses that each ask for one thing; knows conjunctions and verbs, and nothing of meaning."""

from __future__ import annotations

import re
from collections.abc import Collection

from visgate_agent.planner.english import COMMANDS, QUESTIONS

_LEADS = r"(?:(?:also|now|please|then|finally|next|lastly|afterwards|again)\b,?\s+)*"

_SENTENCE_END = re.compile(r"[.!?;]+(?=\s|$)|\n+|[.!?;]*$")
_ANNOUNCED = re.compile(r"\b(?:answer|tell me)(?:\s+(?:me|this|the|my|following|question))*\s*:\s*", re.I)
_SEQUENCE = re.compile(
    r"\s*,?\s*\b(?:and\s+|but\s+)?(?:then|after that|after this|afterwards|next,|finally,?|lastly,?)\s+", re.I
)
_AND = r"\s*(?:,\s*(?:and|but)?|\b(?:and|but|plus))\s+"
_FILLER = re.compile(
    r"^(?:(?:please|and|but|then|now|also|so|ok|okay|well|first of all|firstly|lastly|finally|next|again|"
    r"first(?=,|$|\s+(?:" + "|".join(COMMANDS) + r")\b))\b[\s,]*)+",
    re.I,
)
_QUESTION = re.compile(
    rf"^(?:(?:{'|'.join(map(re.escape, QUESTIONS))}|was|were|am|has|have|which|count|answer)\b"
    r"|tell (?:me )?(?:what|where|which|who|whose|how|if|whether|why|when|about)\b"
    r"|(?:in|on|at|to|from|of) (?:which|what)\b)",
    re.I,
)
_COURTESY = re.compile(
    r"^(?:(?:can|could|would|will) you (?:please )?|i(?:'d| would) like you to |i want you to )", re.I
)
_TRAILING = re.compile(r"[\s,]*(?:\b(?:please|too|as well|for me|thanks|thank you|step by step)\b[\s,]*)+$", re.I)
_QUOTED = re.compile(r'"[^"]*"|“[^”]*”|(?<!\w)\'[^\']*\'(?!\w)')
_NOUN_CONJUNCTION = re.compile(r"\s*(?:,\s*and|,|\band)\s+(?=(?:the|its|all|any|every|his|her|their)\s)", re.I)
_BARE_CONJUNCTION = re.compile(r"\s+and\s+", re.I)


def split_clauses(text: str, verbs: Collection[str] = ()) -> tuple[str, ...]:
    """The clauses of a request in their order, without courtesies and conjunctions.

    Splits at ends of sentences, at words of sequence ("then", "after that"), and at commas and "and" where a command
    or a question follows. Nothing inside quotation marks is split.

    Args:
        text: the request.
        verbs: lower-case verbs that begin a command, beside those that every English speaker would use for pictures.
    """
    starts = "|".join(map(re.escape, (*COMMANDS, *QUESTIONS, *sorted(verbs))))
    conjunction = re.compile(rf"{_AND}(?={_LEADS}(?:{starts})\b)", re.I)
    # "Draw this: a cat" is one clause, "look at this: what is it" is two.
    colon = re.compile(rf"\s*:\s+(?={_LEADS}(?:{starts})\b)", re.I)
    pieces = [_ANNOUNCED.sub("", text)]
    for separator in (_SENTENCE_END, colon, _SEQUENCE, conjunction):
        pieces = [part for piece in pieces for part in _split(piece, separator)]
    clauses = (_stripped(piece) for piece in pieces)
    return tuple(clause for clause in clauses if re.search(r"\w", clause))


def noun_splits(clause: str) -> tuple[tuple[str, str], ...]:
    """The ways in which one clause may be two that share a verb.

    "find the faces and the pose" may be "find the faces" and "find the pose"; whether it is, only the meanings of
    the halves can tell.
    """
    verb = clause.split(maxsplit=1)[0] if clause.split() else ""
    found = []
    for separator in (_NOUN_CONJUNCTION, _BARE_CONJUNCTION):
        for match in separator.finditer(clause):
            left, right = clause[: match.start()].strip(), clause[match.end() :].strip()
            if left and right and left.lower() != verb.lower():
                found.append((left, f"{verb} {right}"))
    return tuple(dict.fromkeys(found))


def is_question(clause: str) -> bool:
    """Whether a clause asks for an answer in words."""
    return _QUESTION.match(clause) is not None


def quoted_strings(text: str) -> tuple[str, ...]:
    """What stands in quotation marks, without them."""
    return tuple(match.group()[1:-1] for match in _QUOTED.finditer(text))


def _split(text: str, separator: re.Pattern[str]) -> list[str]:
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    parts, start = [], 0
    for match in separator.finditer(text):
        if not any(begin < match.start() < end for begin, end in quoted):
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]]


def _stripped(clause: str) -> str:
    clause = clause.strip(" ,;:\t\r\n")
    clause = _FILLER.sub("", clause)
    clause = _COURTESY.sub("", clause)
    return _TRAILING.sub("", clause).strip(" ,")
