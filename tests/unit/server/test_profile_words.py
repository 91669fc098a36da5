"""What a profile's networks cannot do is said where they are served, and nowhere else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sample_models import BRIGHTEN

from visgate_server.catalogue import MODELS
from visgate_server.drawing_tools import DRAWING_TOOLS
from visgate_server.drawing_tools.known_world import OBJECTS_AND_COLOURS
from visgate_server.models.upscale_image import MAX_PIXELS
from visgate_server.object_editing.tools import EDITING_TOOLS
from visgate_server.profiles import Profile
from visgate_server.tool_spec import picture

POCKET_LIMITS = (
    *("In this profile", "emoji", "64 × 64", "drawn scene", "plain background", "comes out as a blur"),
    *("a guess among those", "does not stay a photo", "one such instruction in six", "looks_drawn"),
    *("who always look the same", "no colours or materials", "only one person"),
)
"""Words that are true of the pocket networks alone."""

LIMITED = {
    *(tool.name for tool in (*DRAWING_TOOLS, *EDITING_TOOLS)),
    *("detect_pose", "estimate_depth", "estimate_normals", "segment_image", "find_object", "segment_object"),
    *("remove_background", "caption_image", "answer_question"),
}
"""The tools whose networks are others in the full profile, or that call such networks."""


def wire_tools(profile: Profile) -> dict[str, dict[str, Any]]:
    return {tool["name"]: tool for model in MODELS for tool in model.spec.wire_tools(profile)}


def limits_in(tool: dict[str, Any]) -> list[str]:
    said = json.dumps([tool["description"], tool["parameters"]], ensure_ascii=False)
    return [words for words in POCKET_LIMITS if words in said]


def test_the_pocket_profile_tells_its_limits() -> None:
    tools = wire_tools(Profile.POCKET)
    assert {name for name, tool in tools.items() if limits_in(tool)} == LIMITED
    told = {words for tool in tools.values() for words in limits_in(tool)}
    assert told == set(POCKET_LIMITS)
    for tool in (*DRAWING_TOOLS, *EDITING_TOOLS):
        assert OBJECTS_AND_COLOURS in tools[tool.name]["description"]


@pytest.mark.parametrize("name", sorted(wire_tools(Profile.FULL)))
def test_the_full_profile_states_no_limit_of_the_pockets(name: str) -> None:
    full, pocket = (wire_tools(profile)[name] for profile in (Profile.FULL, Profile.POCKET))
    assert limits_in(full) == []
    assert len(full["description"]) > 40
    assert (full["description"] != pocket["description"]) == (name in LIMITED)


def test_but_for_words_a_tool_is_the_same_in_both() -> None:
    for full, pocket in zip(*(wire_tools(profile).values() for profile in Profile), strict=True):
        for tool in (full, pocket):
            del tool["description"]
            for schema in tool["parameters"]["properties"].values():
                del schema["description"]
        assert full == pocket


def test_the_full_profile_tells_its_own_limits() -> None:
    tools = wire_tools(Profile.FULL)
    assert all("512 × 512" in tools[tool.name]["description"] for tool in DRAWING_TOOLS)
    assert 512 * 512 <= MAX_PIXELS == 640 * 640, "what the descriptions say can be enlarged"
    assert "ADE20K" in tools["segment_image"]["description"]


def test_a_limit_follows_the_description_in_its_own_profile_alone() -> None:
    tool = replace(BRIGHTEN, description="Brightens.", pocket_limits="Slowly.", full_limits="Fast.")
    assert tool.description_in(Profile.POCKET) == "Brightens. Slowly."
    assert tool.description_in(Profile.FULL) == "Brightens. Fast."
    otherwise = replace(tool, pocket_description="Brightens drawings.")
    assert otherwise.description_in(Profile.POCKET) == "Brightens drawings. Slowly."
    assert otherwise.description_in(Profile.FULL) == "Brightens. Fast."
    assert BRIGHTEN.description_in(Profile.FULL) == BRIGHTEN.description_in(Profile.POCKET) == BRIGHTEN.description


def test_an_argument_may_be_another_in_the_pocket_profile() -> None:
    image = picture(description="A picture.", pocket_description="A drawing.")
    tool = replace(BRIGHTEN, arguments=(image,))
    said = {profile: tool.json_schema(profile)["properties"]["image"]["description"] for profile in Profile}
    assert said == {Profile.POCKET: "A drawing.", Profile.FULL: "A picture."}
    assert picture().description_in(Profile.POCKET) == picture().description
