"""The objects and background colours that pocket scenes are made of, and what people call them; draws nothing."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SceneObject:
    """One kind of thing that may stand in a scene."""

    name: str
    """The one name by which it is known to programs, for example `light bulb`."""
    codepoint: str
    """File name of its picture in the emoji package, without `.png`."""
    synonyms: tuple[str, ...] = ()
    """Other words for it; `name` is the commonest."""

    @property
    def words(self) -> tuple[str, ...]:
        """Everything that it is called, the name first."""
        return (self.name, *self.synonyms)


OBJECTS: tuple[SceneObject, ...] = (
    SceneObject("cat", "1f431", ("kitten", "kitty")),
    SceneObject("dog", "1f436", ("puppy",)),
    SceneObject("fish", "1f41f"),
    SceneObject("bird", "1f426"),
    SceneObject("butterfly", "1f98b"),
    SceneObject("turtle", "1f422", ("tortoise",)),
    SceneObject("apple", "1f34e", ("red apple",)),
    SceneObject("banana", "1f34c"),
    SceneObject("strawberry", "1f353"),
    SceneObject("grapes", "1f347", ("bunch of grapes",)),
    SceneObject("mushroom", "1f344", ("toadstool",)),
    SceneObject("pizza", "1f355", ("slice of pizza", "pizza slice")),
    SceneObject(
        "tree",
        "1f333",
    ),
    SceneObject("tulip", "1f337", ("pink tulip",)),
    SceneObject("sunflower", "1f33b"),
    SceneObject("cactus", "1f335"),
    SceneObject("rose", "1f339", ("red rose", "red flower")),
    SceneObject("star", "2b50", ("yellow star",)),
    SceneObject("moon", "1f319", ("crescent moon",)),
    SceneObject("sun", "2600-fe0f"),
    SceneObject("heart", "2764-fe0f", ("red heart",)),
    SceneObject("soccer ball", "26bd", ("football", "ball")),
    SceneObject("cup", "2615", ("cup of coffee", "coffee cup", "mug")),
    SceneObject("book", "1f4d8", ("blue book",)),
    SceneObject("clock", "23f0", ("alarm clock",)),
    SceneObject("key", "1f511", ("golden key",)),
    SceneObject("umbrella", "2602-fe0f", ("parasol",)),
    SceneObject("guitar", "1f3b8", ("electric guitar",)),
    SceneObject("balloon", "1f388", ("red balloon",)),
    SceneObject("gift", "1f381", ("present", "gift box")),
    SceneObject("light bulb", "1f4a1", ("bulb",)),
    SceneObject("car", "1f697", ("red car", "automobile")),
    SceneObject("bus", "1f68c"),
    SceneObject("house", "1f3e0", ("home",)),
    SceneObject("airplane", "2708-fe0f", ("plane", "aeroplane")),
    SceneObject("rocket", "1f680", ("spaceship",)),
    SceneObject("boat", "26f5", ("sailboat", "sailing boat")),
    SceneObject("sofa", "1f6cb-fe0f", ("couch",)),
    SceneObject("chair", "1fa91", ("wooden chair",)),
    SceneObject("person", "1f9cd", ("standing person",)),
    SceneObject("dancer", "1f483", ("dancing woman", "woman dancing")),
    SceneObject("snowman", "26c4"),
)

OBJECT_NAMES: tuple[str, ...] = tuple(scene_object.name for scene_object in OBJECTS)

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 60, 56),
    "orange": (240, 150, 50),
    "yellow": (244, 218, 80),
    "green": (84, 170, 84),
    "blue": (70, 120, 214),
    "purple": (146, 88, 186),
    "white": (244, 244, 244),
    "grey": (138, 138, 140),
}
"""Background colours, RGB 0–255 at the near (lower) edge of a scene."""

COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in COLOURS},
    "purple": ("purple", "violet"),
    "grey": ("grey", "gray"),
}
"""What people call each background colour, the commonest word first."""


def object_named(name: str) -> SceneObject:
    """The object of that name.

    Raises:
        KeyError: no object has this name.
    """
    return _BY_NAME[name]


_BY_NAME = {scene_object.name: scene_object for scene_object in OBJECTS}
