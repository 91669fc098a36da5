"""Declares a Triton model: its tools, tensors, networks and batching; knows nothing about how any of them runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from visgate_server.errors import SpecError
from visgate_server.tool_spec import Argument, ArgumentKind, ToolSpec

TEXT_TENSOR = "TEXT"
DATA_TENSOR = "DATA"
TIMES_TENSOR = "TIMES"

OUTPUTS_TENSOR = "OUTPUTS"
"""An optional input of every tool model that says which outputs the request asks for: their names, comma-separated, or
`all`. Triton's response cache does not look at that when it compares requests, and would answer a request for every
output with what another had asked for: one tensor, say. As an input it tells the two apart."""
ALL_OUTPUTS = "all"


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
        bound: inputs that tools bind to constants and that no caller sees as an argument.
        networks: files that the export puts in the model's version folder.
        max_batch_size: rows that Triton puts together at most.
        max_queue_size: requests that wait at most; one more is refused at once.
        instances: processes that serve the model. Two, because Triton wakes the batcher of a bounded queue for a new
            request only while an instance's thread waits for work. With one instance, a request that arrives in the
            moment after a response went out, before that thread waits again, lies until the batcher looks by itself,
            500 ms later: measured for one call in a hundred of a caller that calls again at once.
        response_cache: whether Triton answers equal inputs from its cache. Comparing a 512 × 512 picture with what is
            there, and keeping a picture that was made, costs every request 1 to 3 ms: too much for a model that takes
            less than some 40 ms.
        calls: models that this one calls inside the server.
        plain_arguments, plain_outputs: the inputs and outputs of a model that offers no tool.
        warmup_sides: picture sides in pixels that the model runs once before it is ready; empty for no warm-up.
    """

    name: str
    summary: str
    tools: tuple[ToolSpec, ...] = ()
    bound: tuple[Argument, ...] = ()
    networks: tuple[str, ...] = ()
    max_batch_size: int = 8
    max_queue_size: int = 128
    instances: int = 2
    response_cache: bool = True
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

    @cached_property
    def arguments(self) -> tuple[Argument, ...]:
        """Every argument of every tool, and the bound inputs, each once.

        Raises:
            SpecError: two tools declare one name with different kinds.
        """
        merged: dict[str, Argument] = {}
        of_tools = (argument for tool in self.tools for argument in tool.arguments)
        for argument in (*of_tools, *self.bound, *self.plain_arguments):
            known = merged.setdefault(argument.name, argument)
            if known.kind is not argument.kind:
                raise SpecError(f"model {self.name!r}: argument {argument.name!r} has two kinds")
        return tuple(merged.values())

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The model's input tensors.

        Pictures may differ in size from request to request (`ragged`), or Triton would not batch them; whatever has
        a default is optional, for callers that know the protocol alone.
        """
        arguments = tuple(
            TensorSpec(
                name=argument.tensor,
                datatype=argument.kind.datatype,
                dims=(-1, -1, 3) if argument.kind is ArgumentKind.PICTURE else (1,),
                optional=not argument.required,
                ragged=argument.kind is ArgumentKind.PICTURE,
            )
            for argument in self.arguments
        )
        return (*arguments, TensorSpec(OUTPUTS_TENSOR, "BYTES", (1,), optional=True)) if self.tools else arguments

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The model's output tensors: its pictures, then the three that every tool has."""
        if not self.tools:
            return self.plain_outputs
        pictures: dict[str, TensorSpec] = {}
        for output in (output for tool in self.tools for output in tool.pictures):
            spec = TensorSpec(output.tensor, "UINT8", (-1, -1, output.channels))
            if pictures.setdefault(output.tensor, spec) != spec:
                raise SpecError(f"model {self.name!r}: tensor {output.tensor} has two shapes")
        return (
            *pictures.values(),
            TensorSpec(TEXT_TENSOR, "BYTES", (1,)),
            TensorSpec(DATA_TENSOR, "BYTES", (1,)),
            TensorSpec(TIMES_TENSOR, "INT64", (3,)),
        )

    def wire_tools(self) -> list[dict[str, Any]]:
        """The model's tools as `config.pbtxt` carries them to clients (docs/protocol.md describes the fields)."""
        return [self._wire_tool(tool) for tool in self.tools]

    def _wire_tool(self, tool: ToolSpec) -> dict[str, Any]:
        # Every input of the model is bound, by an argument, a constant or a default of another tool's argument:
        # Triton batches only requests that carry the same set of inputs.
        own = {argument.name for argument in tool.arguments}
        inputs: list[dict[str, Any]] = [argument.wire_input() for argument in tool.arguments]
        for argument in self.arguments:
            if argument.name not in own:
                value = tool.constants.get(argument.name, argument.default)
                inputs.append({"tensor": argument.tensor, "datatype": argument.kind.datatype, "constant": value})
        inputs.append({"tensor": OUTPUTS_TENSOR, "datatype": "BYTES", "constant": ALL_OUTPUTS})
        outputs: list[dict[str, Any]] = [
            {"tensor": output.tensor, "kind": "picture", "description": output.description} for output in tool.pictures
        ]
        outputs += [
            {"tensor": TEXT_TENSOR, "kind": "text"},
            {"tensor": DATA_TENSOR, "kind": "data"},
            {"tensor": TIMES_TENSOR, "kind": "times"},
        ]
        return {
            "name": tool.name,
            "title": tool.title,
            "description": tool.description,
            "parameters": tool.json_schema(),
            "inputs": inputs,
            "outputs": outputs,
            "examples": list(tool.examples),
        }
