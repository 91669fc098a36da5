"""What people call what they look for in a scene, and words for things that are in none; knows no pictures."""

from collections.abc import Mapping
from types import MappingProxyType

KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "animal": ("cat", "dog", "fish", "bird", "butterfly", "turtle"),
        "fruit": ("apple", "banana", "strawberry", "grapes"),
        "flower": ("tulip", "sunflower", "rose"),
        "plant": ("tree", "tulip", "sunflower", "cactus", "rose"),
        "vehicle": ("car", "bus", "airplane", "rocket", "boat"),
        "furniture": ("sofa", "chair"),
    }
)
"""Words for several kinds of object: of a scene they mean every one of its objects that is of the kind."""

EVERYTHING = ("everything", "all objects", "all the objects", "every object", "the objects", "objects", "all things")
"""Texts that mean every object of a scene."""

BACKGROUND = ("background", "the background", "the floor", "floor")
"""Texts that mean whatever is no object."""

ADJECTIVES = ("big", "large", "small", "little", "nice", "brown", "yellow", "green", "blue", "black", "white", "grey")
"""Said of an object now and then; they change nothing about which is meant."""

ABSENT = (
    "zebra", "elephant", "horse", "sheep", "cow", "bear", "giraffe", "lion", "tiger", "monkey", "mouse", "rabbit",
    "fox", "wolf", "pig", "goat", "duck", "chicken", "frog", "snake", "spider", "bee", "ant", "snail", "whale",
    "shark", "dolphin", "octopus", "crab", "penguin", "owl", "eagle", "dinosaur", "dragon", "unicorn", "bicycle",
    "motorcycle", "train", "truck", "tram", "ship", "submarine", "helicopter", "tractor", "scooter", "skateboard",
    "lighthouse", "castle", "bridge", "tower", "church", "fence", "wall", "door", "window", "roof", "stairs", "table",
    "bed", "desk", "wardrobe", "shelf", "carpet", "curtain", "mirror", "pillow", "blanket", "bench", "lamp", "candle",
    "torch", "television", "computer", "laptop", "keyboard", "telephone", "camera", "radio", "printer", "microwave",
    "oven", "fridge", "toaster", "sink", "toilet", "bathtub", "bottle", "bowl", "plate", "fork", "knife", "spoon",
    "glass", "jug", "pan", "kettle", "cake", "bread", "cheese", "egg", "sandwich", "hamburger", "carrot", "broccoli",
    "potato", "tomato", "onion", "pepper", "lemon", "orange", "pear", "peach", "cherry", "melon", "pineapple",
    "coconut", "hat", "cap", "glove", "sock", "shoe", "boot", "shirt", "dress", "coat", "tie", "scarf", "bag",
    "backpack", "suitcase", "wallet", "ring", "crown", "glasses", "watch", "pencil", "pen", "paper", "envelope",
    "newspaper", "letter", "scissors", "hammer", "saw", "screwdriver", "nail", "rope", "ladder", "bucket", "broom",
    "violin", "piano", "drum", "trumpet", "flute", "microphone", "kite", "frisbee", "racket", "skis", "sled",
    "trophy", "flag", "sign", "river", "mountain", "cloud", "rain", "snowflake", "lightning", "rainbow", "fire",
    "volcano", "island", "beach", "forest", "grass", "leaf", "stone", "sand", "eye", "nose", "mouth", "hand", "foot",
    "ear", "robot", "ghost", "clown", "king", "soldier", "doctor", "baby",
)  # fmt: skip
"""Things that no scene has; networks learn that they are not there."""

ABSENT_NEVER_READ = (
    "hippo", "camel", "kangaroo", "squirrel", "hedgehog", "parrot", "swan", "lobster", "ambulance", "wagon", "canoe",
    "windmill", "statue", "fountain", "chimney", "cupboard", "stool", "vase", "lantern", "tablet", "headphones",
    "blender", "teapot", "basket", "donut", "waffle", "pancake", "pumpkin", "cucumber", "garlic", "plum", "mango",
    "helmet", "slipper", "jacket", "necklace", "stapler", "notebook", "wrench", "drill", "anchor", "harp",
    "saxophone", "puzzle", "dice", "tent", "compass", "telescope", "waterfall", "desert", "planet", "tooth", "knee",
    "pirate", "wizard",
)  # fmt: skip
"""More of them, which no network reads in training: the measure of what it makes of a word that it does not know."""
