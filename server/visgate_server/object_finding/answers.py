"""Says in a sentence what was found of an object, or what is there in its place; finds nothing."""

from __future__ import annotations

from visgate_server.coco_labels import COCO_LABELS
from visgate_server.english_counting import listed, numeral, plural
from visgate_server.object_finding.detector_calls import SCORE
from visgate_server.object_finding.found_object import FoundObject, Way
from visgate_server.object_finding.spoken_object import SpokenObject

_WAYS = {
    Way.BY_WORDS: "found by its words with CLIPSeg",
    Way.BY_WORDS_IN_SCENE: "found in a drawn scene, by its words with CLIPSeg and by the segmentation of the scene",
    Way.GROUNDED: "found by its words with GroundingDINO, the outline by SAM",
    Way.DETECTED_AND_CUT: "detected in a photo, the outline cut with GrabCut",
    Way.DETECTED_PERSON: "detected in a photo, the outline from the mask of people",
}
_NAMED_BOXES = 6


def sentence(spoken: SpokenObject, found: FoundObject) -> str:
    """What there is to say."""
    if found.found:
        return _found(spoken, found)
    if not found.known:
        return (
            f"“{spoken.name}” is not among the {len(COCO_LABELS)} kinds of thing (COCO's) that it finds in a photo. "
            f"{_instead(found)}"
        )
    return f"No {spoken.name} was found in the picture ({_how_unsure(found)}). {_instead(found)}"


def _found(spoken: SpokenObject, found: FoundObject) -> str:
    places = [f"from ({box[0]}, {box[1]}) to ({box[2]}, {box[3]})" for box in found.boxes[:_NAMED_BOXES]]
    rest = len(found.boxes) - len(places)
    more = f"; {rest} more in the data" if rest else ""
    what = f"{spoken.name}" if len(found.boxes) == 1 else f"{spoken.name} in {numeral(len(found.boxes))} places"
    sure = f"{found.score:.0%} sure, {found.share:.1%} of the picture"
    return f"Found {what}: {'; '.join(places)}{more} ({sure}; {_WAYS[found.way]})."


def _how_unsure(found: FoundObject) -> str:
    if found.way in (Way.BY_WORDS, Way.BY_WORDS_IN_SCENE, Way.GROUNDED):
        return f"nothing looks like it with more than {max(found.score, 0.01):.0%}"
    return f"the detector takes nothing for one with {SCORE:.0%} or more"


def _instead(found: FoundObject) -> str:
    if not found.others:
        return "Nothing else that it knows was seen; describe_image may tell more."
    counts = {name: found.others.count(name) for name in found.others}
    names = [name if count == 1 else f"{numeral(count)} {plural(name)}" for name, count in counts.items()]
    return f"What can be found in it: {listed(names)}."
