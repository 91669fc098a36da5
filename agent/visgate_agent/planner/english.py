"""The English words that the planner's rules rest on: language, and nothing about any tool."""

from __future__ import annotations


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, in order."""
    return tuple(text.split())


COMMANDS = words_of(
    "add answer blur caption change classify colour color colorize colourise compute convert count create crop cut "
    "decode delete describe detect determine do draw edit enhance enlarge erase estimate exchange explain extend "
    "extract fill find generate get give go highlight identify improve increase inpaint isolate label list locate "
    "look magnify make mark measure name outline outpaint paint perform pick predict put read recognise recognize "
    "remove render replace report return run save scale segment separate sharpen show sketch summarise summarize "
    "swap take tell trace transcribe transform translate turn upscale use vectorise vectorize write zoom"
)
"""Verbs that begin a request for something to be done."""

QUESTIONS = words_of("are can could do does how is what what's when where which who who's whose why will")
"""Words that begin a question."""

LOOKING = frozenset(
    words_of(
        "analyse analyze caption classify count describe detect estimate extract find identify label locate look "
        "measure read recognise recognize segment trace"
    )
)
"""First words of names of tools whose pictures draw what was found, and are no new version of the picture itself."""

SHOWN_THINGS = frozenset(
    words_of(
        "animal background body face faces image man men object objects page people person persons photo picture text "
        "thing things woman women word words"
    )
)
"""Nouns that speak of what a picture shows even where a tool's name has them too."""

PEOPLE = frozenset(
    words_of(
        "man men people person persons woman women boy boys girl girls lady arm arms ear ears eye eyes feet foot hair "
        "hand hands head heads leg legs mouth nose noses"
    )
)
"""People and what they have: things that a picture shows, for which there are tools of their own."""

COMMON_VERBS = frozenset(
    words_of("are can convert do does draw generate get give how i is make show tell the turn what where which who")
)
"""First words of examples that say nothing about a tool."""

DETERMINERS = frozenset(
    words_of("the a an all any every each my our his her its their this that these those me it out")
)
"""Words that follow a verb in a command, and seldom a noun."""

NUMBERS = words_of(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
"""Each at the place that it means."""

COLOURS = frozenset(
    words_of(
        "transparent black white grey gray red green blue yellow orange purple pink brown cyan magenta turquoise "
        "violet beige gold silver"
    )
)
