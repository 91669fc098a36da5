"""Reads what tools a model offers out of its Triton configuration; sends nothing and checks no call."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

_LOGGER = logging.getLogger("visgate_client")

SCALAR_DATATYPES: Mapping[str, tuple[str, ...]] = {
    "number": ("FP32", "FP64"),
    "integer": ("INT32", "INT64"),
    "boolean": ("BOOL",),
    "string": ("BYTES",),
}
"""Which tensor datatypes can carry a JSON Schema type; a picture is a string that travels as UINT8."""

PICTURE_DATATYPE = "UINT8"

OutputKind = Literal["picture", "text", "data", "times", "progress", "preview"]

STREAMED_KINDS: tuple[OutputKind, ...] = ("progress", "preview")
"""Kinds of outputs that a streaming tool sends ahead of its result."""


PICTURE_KINDS: tuple[OutputKind, ...] = ("picture", "preview")
"""Kinds of outputs that are pictures."""


class MalformedToolError(ValueError):
    """A model's list of tools cannot be understood; it never leaves this package, the model is left out."""


@dataclass(frozen=True, slots=True)
class ToolInput:
    """One tensor that a tool sends.

    Attributes:
        tensor: its name in the model.
        datatype: its Triton datatype, as in ``FP32``.
        argument: the argument that it carries, or None if it always carries `constant`.
        constant: the value that this tool binds it to.
        stream_constant: what a caller that wants progress sends instead of `constant`; None for the same.
        max_pixels: the most pixels that the tool accepts in this picture, or None if it does not say.
        file_tensor: the tensor that carries this picture as a file instead; empty where there is none.
        exact: whether this picture must be packed without loss, as a mask.
    """

    tensor: str
    datatype: str
    argument: str | None = None
    constant: str | float | bool | None = None
    stream_constant: str | float | bool | None = None
    max_pixels: int | None = None
    file_tensor: str = ""
    exact: bool = False


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """One tensor that a tool answers with.

    Attributes:
        tensor: its name in the model.
        kind: whether it holds a picture, a sentence, JSON data or the server's own times; or, ahead of the result,
            how many steps are done, or a preview.
        description: what it shows.
        channels: of a picture: 1 for grey, 3 for RGB, 4 for RGB and alpha.
        file_tensor: the tensor that brings this picture as a file instead; empty where there is none.
    """

    tensor: str
    kind: OutputKind
    description: str = ""
    channels: int = 3
    file_tensor: str = ""


@dataclass(frozen=True)
class Tool:
    """A tool that a running server offers.

    Attributes:
        name: what `call` takes.
        title: what a person would call it.
        description: what it does and cannot do, written for a language model.
        parameters: JSON Schema of its arguments.
        examples: things a person says that this tool answers.
        model: the Triton model behind it.
        inputs: the tensors that it sends.
        outputs: the tensors that it answers with.
        streams: whether it tells its progress before it answers.
        picture_format_tensor: the tensor that asks for its pictures as files; empty where nothing does.
    """

    name: str
    title: str
    description: str
    parameters: Mapping[str, Any]
    examples: tuple[str, ...]
    model: str
    inputs: tuple[ToolInput, ...] = field(repr=False)
    outputs: tuple[ToolOutput, ...] = field(repr=False)
    streams: bool = False
    picture_format_tensor: str = field(default="", repr=False)

    @cached_property
    def takes_files(self) -> bool:
        """Whether all its pictures, given and made, can travel as files."""
        given = all(item.file_tensor for item in self.inputs if item.datatype == PICTURE_DATATYPE)
        made = [output for output in self.outputs if output.kind in PICTURE_KINDS]
        return given and all(output.file_tensor and self.picture_format_tensor for output in made)

    @cached_property
    def properties(self) -> Mapping[str, Mapping[str, Any]]:
        """The JSON Schema of each argument by name."""
        properties: Mapping[str, Mapping[str, Any]] = self.parameters.get("properties", {})
        return properties

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The arguments that have to be given."""
        return tuple(self.parameters.get("required", ()))

    @cached_property
    def pictures(self) -> frozenset[str]:
        """The arguments that are pictures."""
        return frozenset(name for name, schema in self.properties.items() if is_picture(schema))

    def wanted(self, *, watched: bool) -> tuple[ToolOutput, ...]:
        """What a call asks for: everything if its progress is watched, otherwise what the result is made of."""
        return self.outputs if watched else self._of_result

    def wanted_tensors(self, *, watched: bool, as_files: bool) -> tuple[str, ...]:
        """The names of the tensors that bring it, with pictures as pixels or as files."""
        wanted = self.wanted(watched=watched)
        return tuple([output.file_tensor if as_files and output.file_tensor else output.tensor for output in wanted])

    @cached_property
    def _of_result(self) -> tuple[ToolOutput, ...]:
        return tuple(output for output in self.outputs if output.kind not in STREAMED_KINDS)


def is_picture(schema: Mapping[str, Any]) -> bool:
    """Tells whether an argument's JSON Schema describes a picture."""
    return schema.get("type") == "string" and str(schema.get("contentMediaType", "")).startswith("image/")


@dataclass(frozen=True, slots=True)
class DeclaredTools:
    """What one model's configuration says about its tools.

    Attributes:
        model: the model's name.
        tools_json: its ``parameters["tools"]``.
        decoupled: whether it answers a request with a stream of responses.
    """

    model: str
    tools_json: str
    decoupled: bool = False


def parse_tools(declared: DeclaredTools) -> tuple[Tool, ...]:
    """Reads the tools of one model.

    Raises:
        MalformedToolError: it is not the JSON list that the wire contract describes.
    """
    try:
        entries = json.loads(declared.tools_json)
        return tuple(_parse_tool(declared, entry) for entry in entries)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise MalformedToolError(f"model {declared.model}: its tools cannot be read: {error!r}") from error


def collect_tools(models: Iterable[DeclaredTools]) -> dict[str, Tool]:
    """Gathers all models' tools by name; one model's mistake costs its own tools only, and is logged."""
    tools: dict[str, Tool] = {}
    for declared in models:
        try:
            parsed = parse_tools(declared)
        except MalformedToolError as error:
            _LOGGER.warning("%s; they are left out", error)
            continue
        for tool in parsed:
            if tool.name in tools:
                _LOGGER.warning(
                    "tool %s is offered by model %s and by model %s; the first is used",
                    tool.name,
                    tools[tool.name].model,
                    tool.model,
                )
            else:
                tools[tool.name] = tool
    return tools


def _parse_tool(declared: DeclaredTools, entry: Mapping[str, Any]) -> Tool:
    tool = Tool(
        name=_text(entry, "name"),
        title=str(entry.get("title", entry["name"])),
        description=_text(entry, "description"),
        parameters=dict(entry["parameters"]),
        examples=tuple(str(example) for example in entry.get("examples", ())),
        model=declared.model,
        inputs=tuple(_parse_input(item) for item in entry["inputs"]),
        outputs=tuple(_parse_output(item) for item in entry["outputs"] if item["kind"] in get_args(OutputKind)),
        streams=declared.decoupled,
        picture_format_tensor=str(entry.get("picture_format_tensor", "")),
    )
    _check_bindings(tool)
    return tool


def _parse_input(item: Mapping[str, Any]) -> ToolInput:
    if ("argument" in item) == ("constant" in item):
        raise MalformedToolError(f"input {item['tensor']} must have either an argument or a constant")
    if "stream_constant" in item and "constant" not in item:
        raise MalformedToolError(f"input {item['tensor']} has a stream_constant and no constant")
    return ToolInput(
        tensor=_text(item, "tensor"),
        datatype=_text(item, "datatype"),
        argument=item.get("argument"),
        constant=item.get("constant"),
        stream_constant=item.get("stream_constant"),
        max_pixels=None if item.get("max_pixels") is None else int(item["max_pixels"]),
        file_tensor=str(item.get("file_tensor", "")),
        exact=bool(item.get("exact", False)),
    )


def _parse_output(item: Mapping[str, Any]) -> ToolOutput:
    channels = int(item.get("channels", 3))
    if channels not in (1, 3, 4):
        raise MalformedToolError(f"output {item['tensor']} has {channels} channels; a picture has 1, 3 or 4")
    return ToolOutput(
        tensor=_text(item, "tensor"),
        kind=item["kind"],
        description=str(item.get("description", "")),
        channels=channels,
        file_tensor=str(item.get("file_tensor", "")),
    )


def _check_bindings(tool: Tool) -> None:
    """Refuses a tool whose arguments and tensors do not fit each other, before any call finds out."""
    bound = {item.argument for item in tool.inputs if item.argument is not None}
    if bound != set(tool.properties):
        raise MalformedToolError(f"tool {tool.name}: tensors carry {sorted(bound)}, not its arguments")
    for item in tool.inputs:
        if item.argument is None:
            continue
        schema = tool.properties[item.argument]
        allowed = (PICTURE_DATATYPE,) if is_picture(schema) else SCALAR_DATATYPES.get(schema.get("type", ""), ())
        if item.datatype not in allowed:
            raise MalformedToolError(
                f"tool {tool.name}: argument {item.argument} of type {schema.get('type')!r} "
                f"cannot travel as {item.datatype}"
            )


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry[key]
    if not isinstance(value, str) or not value:
        raise MalformedToolError(f"{key} must be text, not {value!r}")
    return value
