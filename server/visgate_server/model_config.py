"""Writes a model's `config.pbtxt` from its spec, through Triton's own ModelConfig protobuf; writes no text by hand."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from visgate_server.model_spec import QUEUE_TIMEOUT_US, ModelSpec, TensorSpec
from visgate_server.profiles import Profile
from visgate_server.tool_spec import ArgumentKind

_HEADER = "# Generated from the model's spec by `make configs`; edit the spec, not this file.\n"


def config_text(spec: ModelSpec, profile: Profile = Profile.POCKET) -> str:
    """The text of the model's `config.pbtxt`, or of what another profile has in its place."""
    return _HEADER + str(text_format.MessageToString(model_config(spec, profile), as_utf8=True))


def model_config(spec: ModelSpec, profile: Profile = Profile.POCKET) -> Any:
    """The model's configuration as a `ModelConfig` message."""
    config = model_config_pb2.ModelConfig(
        name=spec.name,
        backend="python",
        max_batch_size=spec.max_batch_size,
        input=[_input(tensor) for tensor in spec.inputs],
        output=[_output(tensor) for tensor in spec.outputs],
        instance_group=[
            model_config_pb2.ModelInstanceGroup(count=spec.instances, kind=model_config_pb2.ModelInstanceGroup.KIND_CPU)
        ],
    )
    if spec.streams:
        config.model_transaction_policy.decoupled = True
    else:
        _add_batching(config, spec)
    for side in spec.warmup_sides:
        _add_warmup(config, spec, side)
    _set_parameter(config, "summary", spec.summary)
    if spec.tools:
        _set_parameter(config, "tools", json.dumps(spec.wire_tools(profile), ensure_ascii=False))
    if spec.networks:
        _set_parameter(config, "networks", json.dumps(spec.networks))
    if spec.calls:
        _set_parameter(config, "calls", json.dumps(spec.calls))
    return config


def _add_batching(config: Any, spec: ModelSpec) -> None:
    """Dynamic batching with a bounded queue; no response cache, which in Triton 2.51 keeps errors as empty answers."""
    # No queue delay: while an instance is busy requests gather by themselves, and an idle one should not wait.
    policy = config.dynamic_batching.default_queue_policy
    policy.timeout_action = model_config_pb2.ModelQueuePolicy.REJECT
    policy.default_timeout_microseconds = QUEUE_TIMEOUT_US
    policy.allow_timeout_override = True
    policy.max_queue_size = spec.max_queue_size


def _datatype(tensor: TensorSpec) -> int:
    name = "STRING" if tensor.datatype == "BYTES" else tensor.datatype
    value: int = model_config_pb2.DataType.Value(f"TYPE_{name}")
    return value


def _input(tensor: TensorSpec) -> Any:
    return model_config_pb2.ModelInput(
        name=tensor.name,
        data_type=_datatype(tensor),
        dims=tensor.dims,
        optional=tensor.optional,
        allow_ragged_batch=tensor.ragged,
    )


def _output(tensor: TensorSpec) -> Any:
    return model_config_pb2.ModelOutput(name=tensor.name, data_type=_datatype(tensor), dims=tensor.dims)


def _add_warmup(config: Any, spec: ModelSpec, side: int) -> None:
    """Sends one picture of noise through the model before it is ready; every other input takes its default."""
    pictures = [argument for argument in spec.arguments if argument.kind is ArgumentKind.PICTURE]
    if not pictures:
        return
    warmup = config.model_warmup.add(name=f"noise_{side}", batch_size=1)
    for argument in pictures:
        warmup.inputs[argument.tensor].data_type = model_config_pb2.DataType.TYPE_UINT8
        warmup.inputs[argument.tensor].dims.extend((side, side, 3))
        warmup.inputs[argument.tensor].random_data = True


def _set_parameter(config: Any, key: str, value: str) -> None:
    config.parameters[key].string_value = value
