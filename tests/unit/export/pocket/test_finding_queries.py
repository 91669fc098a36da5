"""Texts that look for things mean what the scene shows, and none of the words for absent things is in a scene."""

from __future__ import annotations

from itertools import islice

import numpy as np

from visgate_export.pocket.finding.queries import QueryWriter
from visgate_export.pocket.finding.words import ABSENT, ABSENT_NEVER_READ, KINDS
from visgate_export.pocket.objects import OBJECT_NAMES, OBJECTS, object_named
from visgate_export.pocket.scenes import Combination, scenes

PAIR = Combination(("cat", "apple"), "left of", "blue")


def writer(seed: int = 0) -> QueryWriter:
    return QueryWriter(np.random.default_rng(seed))


def test_a_present_text_calls_the_object_by_one_of_its_words() -> None:
    own = writer()
    for scene in islice(scenes(0), 300):
        for index, name in enumerate(scene.combination.objects):
            query = own.present(scene.combination, index)
            assert (query.objects, query.names) == ((index,), (name,))
            assert any(word in query.text for word in object_named(name).words), query.text


def test_a_place_that_is_said_is_the_objects_own() -> None:
    own = writer()
    said = {word for _ in range(600) for word in own.present(PAIR, 0).text.rstrip(".").split()}
    assert "left" in said
    texts = [own.present(PAIR, 0).text for _ in range(600)]
    assert not any("on the right" in text or "at the top" in text for text in texts)


def test_an_absent_text_means_nothing_in_the_scene() -> None:
    own = writer()
    for scene in islice(scenes(1), 300):
        query = own.absent(scene.combination)
        assert query.objects == ()
        assert not query.is_there
        assert not set(query.names) & set(scene.combination.objects)


def test_a_kind_means_all_its_members_in_the_scene() -> None:
    own = writer()
    queries = [own.collective(PAIR) for _ in range(400)]
    by_word = {kind: {query.objects for query in queries if kind in query.text.split()} for kind in KINDS}
    assert by_word["animal"] == {(0,)}
    assert by_word["fruit"] == {(1,)}
    assert by_word["vehicle"] == {()}
    assert any(query.objects == (0, 1) for query in queries)
    assert any(query.background and query.is_there for query in queries)


def test_words_for_absent_things_name_no_object() -> None:
    known = {word for thing in OBJECTS for word in thing.words} | set(KINDS)
    assert not known & {*ABSENT, *ABSENT_NEVER_READ}
    assert not {*ABSENT} & {*ABSENT_NEVER_READ}
    assert all(set(members) <= set(OBJECT_NAMES) for members in KINDS.values())
