"""The English words that the planner's rules rest on: language, and nothing about any tool."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


COMMANDS = _words(
    "add blur caption change classify colour color colorize colourise compute convert count create crop cut decode "
    "describe detect determine do draw enhance enlarge erase estimate explain extract find generate get give go "
    "highlight identify improve increase isolate label list locate look magnify make mark measure name outline paint "
    "perform pick put read recognise recognize remove render replace report return run save scale segment separate "
    "sharpen show sketch summarise summarize take tell trace transcribe transform translate turn upscale use "
    "vectorise vectorize write zoom"
)
"""Verbs that begin a request for something to be done."""

QUESTIONS = _words("are can could do does how is what what's when where which who who's whose why will")
"""Words that begin a question."""

LOOKING = frozenset(
    _words(
        "analyse analyze caption classify count describe detect estimate extract find identify label locate look "
        "measure read recognise recognize segment trace"
    )
)
"""First words of names of tools whose pictures draw what was found, and are no new version of the picture itself."""

SHOWN_THINGS = frozenset(
    _words(
        "animal background body face faces image man men object objects page people person persons photo picture text "
        "thing things woman women word words"
    )
)
"""Nouns that speak of what a picture shows even where a tool's name has them too."""

COMMON_VERBS = frozenset(
    _words("are can convert do does draw generate get give how i is make show tell the turn what where which who")
)
"""First words of examples that say nothing about a tool."""

DETERMINERS = frozenset(_words("the a an all any every each my our his her its their this that these those me it out"))
"""Words that follow a verb in a command, and seldom a noun."""

NUMBERS = _words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
"""Each at the place that it means."""

COLOURS = frozenset(
    _words(
        "transparent black white grey gray red green blue yellow orange purple pink brown cyan magenta turquoise "
        "violet beige gold silver"
    )
)
