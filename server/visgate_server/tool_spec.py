"""Declares what a tool is: its name, its arguments and its pictures; knows nothing about networks or Triton.

A tool is declared once, here, and everybody reads that: the generated `config.pbtxt` carries it to clients, whose
LLM, MCP server and documentation see the same words, and the server checks requests by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from visgate_server.errors import SpecError
from visgate_server.profiles import Profile

MAX_PICTURE_PIXELS = 4096 * 4096
"""The largest picture a tool takes unless it says otherwise: what a 48 MB request carries as RGB."""

Scalar = str | bool | int | float


def file_tensor(tensor: str) -> str:
    """The name of the BYTES tensor that can carry a picture as a file (JPEG, WebP or PNG) in place of its pixels."""
    return f"{tensor}_FILE"


class ArgumentKind(Enum):
    """The kinds of argument a tool takes, each with its JSON Schema type and its Triton datatype."""

    PICTURE = ("string", "UINT8")
    NUMBER = ("number", "FP32")
    INTEGER = ("integer", "INT32")
    FLAG = ("boolean", "BOOL")
    TEXT = ("string", "BYTES")

    @property
    def json_type(self) -> str:
        """The `type` keyword of this kind's JSON Schema."""
        return self.value[0]

    @property
    def datatype(self) -> str:
        """The KServe datatype of this kind's tensor."""
        return self.value[1]


@dataclass(frozen=True)
class Argument:
    """One argument of a tool, and the tensor that carries it.

    A picture's tensor is UINT8 [rows, height, width, 3], RGB, 0–255; every other kind's is [rows, 1]. An argument
    with no default is required.

    Attributes:
        exact: a picture whose values mean something each, as a mask's or an edge map's: a client that packs pictures
            packs this one without loss.
        pocket_description: in the description's place in the pocket profile, where less can be given there.
    """

    name: str
    kind: ArgumentKind
    description: str
    default: Scalar | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    max_pixels: int = MAX_PICTURE_PIXELS
    exact: bool = False
    pocket_description: str = ""

    def __post_init__(self) -> None:
        if self.kind is ArgumentKind.PICTURE and self.default is not None:
            raise SpecError(f"argument {self.name!r}: a picture has no default")
        if self.choices and self.kind is not ArgumentKind.TEXT:
            raise SpecError(f"argument {self.name!r}: only a text has choices")
        if self.choices and self.default is not None and self.default not in self.choices:
            raise SpecError(f"argument {self.name!r}: the default {self.default!r} is none of the choices")

    @property
    def tensor(self) -> str:
        """The name of the input tensor that carries this argument."""
        return self.name.upper()

    @property
    def required(self) -> bool:
        """Whether a caller has to give this argument."""
        return self.default is None

    def description_in(self, profile: Profile) -> str:
        """What the argument is where that profile is served."""
        return (profile is Profile.POCKET and self.pocket_description) or self.description

    def json_schema(self, profile: Profile = Profile.POCKET) -> dict[str, Any]:
        """This argument as a property of the tool's JSON Schema."""
        schema: dict[str, Any] = {"type": self.kind.json_type, "description": self.description_in(profile)}
        if self.kind is ArgumentKind.PICTURE:
            schema["contentMediaType"] = "image/*"
        optional = {"minimum": self.minimum, "maximum": self.maximum, "default": self.default}
        schema.update({keyword: value for keyword, value in optional.items() if value is not None})
        if self.choices:
            schema["enum"] = list(self.choices)
        return schema

    def wire_input(self) -> dict[str, Any]:
        """How a client binds this argument to a tensor."""
        entry: dict[str, Any] = {
            "tensor": self.tensor,
            "datatype": self.kind.datatype,
            "argument": self.name,
        }
        if self.kind is ArgumentKind.PICTURE:
            entry |= {"max_pixels": self.max_pixels, "file_tensor": file_tensor(self.tensor), "exact": self.exact}
        return entry


def picture(
    name: str = "image",
    description: str = "The picture to look at.",
    max_pixels: int = MAX_PICTURE_PIXELS,
    *,
    exact: bool = False,
    pocket_description: str = "",
) -> Argument:
    """A required picture argument of at most `max_pixels` pixels in all."""
    return Argument(
        name,
        ArgumentKind.PICTURE,
        description,
        max_pixels=max_pixels,
        exact=exact,
        pocket_description=pocket_description,
    )


@dataclass(frozen=True)
class PictureOutput:
    """One picture a tool returns: UINT8 [rows, height, width, channels], channels 1 (grey), 3 (RGB) or 4 (RGBA).

    Attributes:
        exact: its values mean something each, as a depth map's do: where a caller wants it as a file, that file is
            packed without loss. A picture of one channel (a mask, edges) always is.
    """

    tensor: str
    description: str
    channels: int = 3
    exact: bool = False

    @property
    def is_lossless(self) -> bool:
        """Whether a file of it must be without loss."""
        return self.exact or self.channels == 1

    def wire_output(self) -> dict[str, Any]:
        """How a client finds this picture among the outputs."""
        return {
            "tensor": self.tensor,
            "kind": "picture",
            "description": self.description,
            "channels": self.channels,
            "file_tensor": file_tensor(self.tensor),
        }


@dataclass(frozen=True)
class ToolSpec:
    """One tool as the LLM, the client and the documentation see it.

    Attributes:
        description: what holds in any profile.
        pocket_limits: what the pocket networks alone know or cannot do; it follows the description in their profile.
        full_limits: the same of the full profile's networks.
        pocket_description: in the description's place in the pocket profile, where the tool does something else there
            and a sentence more would not tell it.
        constants: values that this tool binds to inputs of its model, by argument name, so that one model can
            offer several tools.
        examples: phrases a person might say for this tool; the offline planner compares requests with them.
        checkpoint: what the full profile runs for this tool, as people name it; empty where both profiles run the same.
        source: where this profile's answer comes from: a package's network, weights of this project, or an algorithm.
    """

    name: str
    title: str
    description: str
    arguments: tuple[Argument, ...]
    pictures: tuple[PictureOutput, ...] = ()
    constants: Mapping[str, Scalar] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    checkpoint: str = ""
    source: str = ""
    pocket_limits: str = ""
    full_limits: str = ""
    pocket_description: str = ""

    def description_in(self, profile: Profile) -> str:
        """What the tool says of itself where that profile is served."""
        if profile is Profile.POCKET:
            said = (self.pocket_description or self.description, self.pocket_limits)
        else:
            said = (self.description, self.full_limits)
        return " ".join(part for part in said if part)

    def json_schema(self, profile: Profile = Profile.POCKET) -> dict[str, Any]:
        """The JSON Schema of the tool's arguments."""
        return {
            "type": "object",
            "properties": {argument.name: argument.json_schema(profile) for argument in self.arguments},
            "required": [argument.name for argument in self.arguments if argument.required],
            "additionalProperties": False,
        }
