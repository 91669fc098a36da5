"""The model code behind the test's tools: follows the wire contract, and misbehaves when told to."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    """Answers each request by its MODE."""

    def execute(self, requests):
        started = time.time_ns()
        answers = [answer(request) for request in requests]
        computed = time.time_ns() - started
        for tensors in answers:
            if isinstance(tensors, list):
                tensors.append(pb_utils.Tensor("TIMES", np.array([[started, computed, len(requests)]], np.int64)))
        return [
            pb_utils.InferenceResponse(tensors)
            if isinstance(tensors, list)
            else pb_utils.InferenceResponse(error=tensors)
            for tensors in answers
        ]


def answer(request):
    mode = scalar(request, "MODE", b"invert").decode()
    picture = pb_utils.get_input_tensor_by_name(request, "IMAGE").as_numpy()
    delay = scalar(request, "SECONDS", 0.0)
    if mode == "fail":
        return pb_utils.TritonError("model probe: the network exploded", pb_utils.TritonError.INTERNAL)
    if mode == "refuse":
        return pb_utils.TritonError("input IMAGE is too dull", pb_utils.TritonError.INVALID_ARG)
    if mode == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    label = scalar(request, "LABEL", b"").decode()
    note(f"{label} began")
    time.sleep(float(delay))
    if mode == "slow" and request.is_cancelled():
        note(f"{label} cancelled")
    if mode == "grow":
        times = int(scalar(request, "TIMES_LARGER", 1))
        return outputs(np.tile(picture, (1, times, 1, 1)), "larger", {})
    if mode == "garble":
        return outputs(picture, "here is some JSON", b"{not json")
    return invert(request, picture)


def note(line):
    if notes := os.environ.get("PROBE_NOTES"):
        with Path(notes).open("a") as file:
            file.write(line + "\n")


def invert(request, picture):
    strength = float(scalar(request, "STRENGTH", 1.0))
    channel = scalar(request, "CHANNEL", b"all").decode()
    shift = int(scalar(request, "SHIFT", 0))
    mirror = bool(scalar(request, "MIRROR", False))
    wanted = np.array([channel in ("all", name) for name in ("red", "green", "blue")])
    blended = np.rint((1 - strength) * picture + strength * (255.0 - picture)).astype(np.uint8)
    seen = np.where(wanted, blended, picture)
    seen = np.roll(seen, shift, axis=2)
    if mirror:
        seen = seen[:, :, ::-1]
    given = {"strength": strength, "channel": channel, "shift": shift, "mirror": mirror}
    return outputs(np.ascontiguousarray(seen), f"inverted {channel} ©", {"arguments": given, "shape": picture.shape})


def outputs(picture, text, data):
    encoded = data if isinstance(data, bytes) else json.dumps(data).encode()
    mask = (picture.mean(axis=3, keepdims=True) > 127).astype(np.uint8) * 255
    return [
        pb_utils.Tensor("PICTURE", picture),
        pb_utils.Tensor("MASK", mask),
        pb_utils.Tensor("TEXT", np.array([[text.encode()]], dtype=np.object_)),
        pb_utils.Tensor("DATA", np.array([[encoded]], dtype=np.object_)),
    ]


def scalar(request, name, default):
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return default if tensor is None else tensor.as_numpy().reshape(-1)[0]
