"""Declares a Triton model: its tools, tensors, networks and batching; knows nothing about how any of them runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from visgate_server.errors import SpecError
from visgate_server.profiles import Profile
from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput, Scalar, ToolSpec, file_tensor

TEXT_TENSOR = "TEXT"
DATA_TENSOR = "DATA"
TIMES_TENSOR = "TIMES"

OUTPUTS_TENSOR = "OUTPUTS"
"""An optional input of every tool model that says which outputs the request asks for: their names, comma-separated, or
`all`. Triton's response cache, for those who give a model one, does not look at that when it compares requests, and
would answer a request for every output with what another had asked for: one tensor, say. As an input it tells the two
apart. These models have none: Triton 2.51 keeps errors in it too, and answers the next equal request with nothing."""
ALL_OUTPUTS = "all"

PICTURE_FORMAT_TENSOR = "PICTURE_FORMAT"
"""An optional input of every tool model that answers with pictures: whether they come as pixels or as files. It is an
input, and not a matter of which outputs are asked for, for a response cache's sake, as `OUTPUTS` is."""

QUEUE_TIMEOUT_US = 60_000_000
"""How long a request waits in a queue at most: a minute, after which whoever sent it has given up."""

PROGRESS_TENSOR = "PROGRESS"
PREVIEW_TENSOR = "PREVIEW"

PREVIEW_EVERY = Argument(
    "preview_every",
    ArgumentKind.INTEGER,
    "0: no progress, the result alone. n: progress at every step, and a preview with every nth.",
    default=0,
    minimum=0,
    maximum=100,
)
"""An input of every streaming model. A caller that waits for the result alone has no use for responses before it."""
STREAM_PREVIEW_EVERY = 4
"""What a client sends in its place when it shows progress: previews often enough to see the drawing form."""


@dataclass(frozen=True)
class TensorSpec:
    """A tensor of a model: KServe datatype, and dimensions without the batch axis (-1 where they vary)."""

    name: str
    datatype: str
    dims: tuple[int, ...]
    optional: bool = False
    ragged: bool = False


@dataclass(frozen=True)
class ModelSpec:
    """One folder of the model repository.

    Attributes:
        tools: what the model offers; empty for a model that only other models or the planner call.
        streams: the model answers a request with several responses (progress, then the result), in its own time. It
            batches by itself: Triton hands each request over alone.
        bound: inputs that tools bind to constants and that no caller sees as an argument.
        networks: files that the export puts in the model's version folder.
        max_batch_size: rows that Triton puts together at most.
        max_queue_size: requests that wait at most; one more is refused at once. A streaming model keeps that queue.
        instances: processes that serve the model. Two, because Triton wakes the batcher of a bounded queue for a new
            request only while an instance's thread waits for work. With one instance, a request that arrives in the
            moment after a response went out, before that thread waits again, lies until the batcher looks by itself,
            500 ms later: measured for one call in a hundred of a caller that calls again at once.
        calls: models that this one calls inside the server.
        plain_arguments, plain_outputs: the inputs and outputs of a model that offers no tool.
        warmup_sides: picture sides in pixels that the model runs once before it is ready; empty for no warm-up.
    """

    name: str
    summary: str
    tools: tuple[ToolSpec, ...] = ()
    streams: bool = False
    bound: tuple[Argument, ...] = ()
    networks: tuple[str, ...] = ()
    max_batch_size: int = 8
    max_queue_size: int = 128
    instances: int = 2
    calls: tuple[str, ...] = ()
    plain_arguments: tuple[Argument, ...] = ()
    plain_outputs: tuple[TensorSpec, ...] = ()
    warmup_sides: tuple[int, ...] = (512,)

    def __post_init__(self) -> None:
        names = {argument.name for argument in self.bound}
        for tool in self.tools:
            missing = names ^ set(tool.constants)
            if missing:
                raise SpecError(f"model {self.name!r}: tool {tool.name!r} and `bound` differ in {sorted(missing)}")
        if self.streams and (self.max_batch_size, self.instances) != (1, 1):
            raise SpecError(
                f"model {self.name!r} streams, so it batches by itself: give it max_batch_size=1 and instances=1"
            )

    @cached_property
    def arguments(self) -> tuple[Argument, ...]:
        """Every argument of every tool, and the bound inputs, each once.

        Raises:
            SpecError: two tools declare one name with different kinds.
        """
        merged: dict[str, Argument] = {}
        of_tools = (argument for tool in self.tools for argument in tool.arguments)
        of_streams = (PREVIEW_EVERY,) if self.streams else ()
        for argument in (*of_tools, *self.bound, *of_streams, *self.plain_arguments):
            known = merged.setdefault(argument.name, argument)
            if known.kind is not argument.kind:
                raise SpecError(f"model {self.name!r}: argument {argument.name!r} has two kinds")
        return tuple(merged.values())

    def tool_of(self, values: Mapping[str, Any]) -> ToolSpec | None:
        """The tool whose constants the bound inputs have; None where they are no tool's, or there is no tool."""
        bound = {argument.name: values[argument.name] for argument in self.bound}
        return next((tool for tool in self.tools if tool.constants == bound), None)

    def _is_required(self, argument: Argument) -> bool:
        """Whether no request can do without it, whichever tool it is for."""
        if argument.name not in {own.name for tool in self.tools for own in tool.arguments}:
            return argument.required
        return argument.required and all(argument.name in {own.name for own in tool.arguments} for tool in self.tools)

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The model's input tensors.

        Pictures may differ in size from request to request (`ragged`), or Triton would not batch them; whatever has
        a default, or is of no use to some tool, is optional, for callers that know the protocol alone. A picture is
        optional because it may come as a file instead, in a tensor of its own.
        """
        arguments = tuple(self._input(argument) for argument in self.arguments)
        files = tuple(_text_input(file_tensor(argument.tensor)) for argument in self.pictures)
        if not self.tools:
            return (*arguments, *files)
        formats = (_text_input(PICTURE_FORMAT_TENSOR),) if self.picture_outputs else ()
        return (*arguments, *files, _text_input(OUTPUTS_TENSOR), *formats)

    def _input(self, argument: Argument) -> TensorSpec:
        if argument.kind is ArgumentKind.PICTURE:
            return TensorSpec(argument.tensor, "UINT8", (-1, -1, 3), optional=True, ragged=not self.streams)
        return TensorSpec(argument.tensor, argument.kind.datatype, (1,), optional=not self._is_required(argument))

    @property
    def pictures(self) -> tuple[Argument, ...]:
        """The arguments that are pictures."""
        return tuple(argument for argument in self.arguments if argument.kind is ArgumentKind.PICTURE)

    @cached_property
    def picture_outputs(self) -> Mapping[str, PictureOutput]:
        """Every output that is a picture, previews included, by tensor.

        Raises:
            SpecError: two tools declare one tensor with different shapes.
        """
        pictures: dict[str, PictureOutput] = {}
        for output in (output for tool in self.tools for output in tool.pictures):
            known = pictures.setdefault(output.tensor, output)
            if (known.channels, known.is_lossless) != (output.channels, output.is_lossless):
                raise SpecError(f"model {self.name!r}: tensor {output.tensor} is declared in two ways")
        if self.streams:
            pictures[PREVIEW_TENSOR] = PictureOutput(PREVIEW_TENSOR, "What the picture looks like so far.")
        return pictures

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The model's output tensors: its pictures, the three that every tool has, progress, and pictures as files."""
        if not self.tools:
            return self.plain_outputs
        return (
            *(TensorSpec(name, "UINT8", (-1, -1, output.channels)) for name, output in self.picture_outputs.items()),
            TensorSpec(TEXT_TENSOR, "BYTES", (1,)),
            TensorSpec(DATA_TENSOR, "BYTES", (1,)),
            TensorSpec(TIMES_TENSOR, "INT64", (3,)),
            *((TensorSpec(PROGRESS_TENSOR, "INT32", (2,)),) if self.streams else ()),
            *(TensorSpec(file_tensor(name), "BYTES", (1,)) for name in self.picture_outputs),
        )

    def wire_tools(self, profile: Profile = Profile.POCKET) -> list[dict[str, Any]]:
        """The model's tools as its configuration carries them to clients (docs/protocol.md describes the fields)."""
        return [self._wire_tool(tool, profile) for tool in self.tools]

    def _wire_tool(self, tool: ToolSpec, profile: Profile) -> dict[str, Any]:
        # Every input of the model is bound, by an argument, a constant or a default of another tool's argument:
        # Triton batches only requests that carry the same set of inputs. Another tool's picture has no default.
        own = {argument.name for argument in tool.arguments}
        inputs: list[dict[str, Any]] = [argument.wire_input() for argument in tool.arguments]
        for argument in self.arguments:
            value = tool.constants.get(argument.name, argument.default)
            if argument.name not in own and value is not None:
                inputs.append(_constant_input(argument, value))
        inputs.append({"tensor": OUTPUTS_TENSOR, "datatype": "BYTES", "constant": ALL_OUTPUTS})
        outputs: list[dict[str, Any]] = [output.wire_output() for output in tool.pictures]
        outputs += [
            {"tensor": TEXT_TENSOR, "kind": "text"},
            {"tensor": DATA_TENSOR, "kind": "data"},
            {"tensor": TIMES_TENSOR, "kind": "times"},
        ]
        if self.streams:
            preview = self.picture_outputs[PREVIEW_TENSOR].wire_output() | {"kind": "preview"}
            outputs += [{"tensor": PROGRESS_TENSOR, "kind": "progress"}, preview]
        formats = {"picture_format_tensor": PICTURE_FORMAT_TENSOR} if self.picture_outputs else {}
        return {
            "name": tool.name,
            "title": tool.title,
            "description": tool.description_in(profile),
            "parameters": tool.json_schema(profile),
            "inputs": inputs,
            "outputs": outputs,
            "examples": list(tool.examples),
            **formats,
        }


def _text_input(name: str) -> TensorSpec:
    return TensorSpec(name, "BYTES", (1,), optional=True)


def _constant_input(argument: Argument, value: Scalar) -> dict[str, Any]:
    entry = {"tensor": argument.tensor, "datatype": argument.kind.datatype, "constant": value}
    return {**entry, "stream_constant": STREAM_PREVIEW_EVERY} if argument is PREVIEW_EVERY else entry
