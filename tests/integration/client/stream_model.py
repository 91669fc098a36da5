"""The model code behind the test's streaming tools: tells its progress by the wire contract, and misbehaves on demand.

Each request is worked on by a thread of its own, as by the loop of a model that serves many at once.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import triton_python_backend_utils as pb_utils

FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL


class TritonPythonModel:
    """Counts to COUNT, as slowly as SECONDS a step says."""

    def execute(self, requests):
        for request in requests:
            threading.Thread(target=answer, args=(request, request.get_response_sender())).start()


def answer(request, sender):
    mode = scalar(request, "MODE", b"count").decode()
    label = scalar(request, "LABEL", b"").decode()
    steps = int(scalar(request, "COUNT", 3))
    every = int(scalar(request, "PREVIEW_EVERY", 0))
    side = int(scalar(request, "PREVIEW_SIDE", 4))
    seconds = float(scalar(request, "SECONDS", 0.0))
    started = time.time_ns()
    if mode == "refuse":
        return fail(sender, "COUNT is too dull: give another", pb_utils.TritonError.INVALID_ARG)
    if mode == "busy":
        return fail(sender, "Exceeds maximum queue size", pb_utils.TritonError.UNAVAILABLE)
    for step in range(1, steps + 1):
        time.sleep(seconds)
        if sender.is_cancelled() and mode != "ignore":
            note(f"{label} cancelled at {step}")
            return sender.send(flags=FINAL)
        if every:
            tensors = [pb_utils.Tensor("PROGRESS", np.array([[step, steps]], np.int32))]
            if step % every == 0:
                preview = np.full((1, side, side, 3), step % 256, np.uint8)
                tensors.append(pb_utils.Tensor("PREVIEW", preview))
            sender.send(pb_utils.InferenceResponse(tensors))
        if mode == "fail" and step == 2:
            return fail(sender, "model stepper: the network exploded", pb_utils.TritonError.INTERNAL)
        if mode == "crash" and step == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        if mode == "stop" and step == 2:
            return sender.send(flags=FINAL)
    note(f"{label} finished")
    compute = time.time_ns() - started
    given = pb_utils.get_input_tensor_by_name(request, "IMAGE")
    picture = np.zeros((1, 0, 0, 3), np.uint8) if given is None else 255 - given.as_numpy()
    sender.send(
        pb_utils.InferenceResponse(
            [
                pb_utils.Tensor("PICTURE", picture),
                text("TEXT", f"counted {steps} for {label}"),
                text("DATA", json.dumps({"preview_every": every})),
                pb_utils.Tensor("TIMES", np.array([[started, compute, 1]], np.int64)),
            ]
        )
    )
    return sender.send(flags=FINAL)


def fail(sender, words, code):
    sender.send(pb_utils.InferenceResponse(error=pb_utils.TritonError(words, code)), flags=FINAL)


def note(line):
    with Path(os.environ["PROBE_NOTES"]).open("a") as notes:
        notes.write(line + "\n")


def text(name, value):
    return pb_utils.Tensor(name, np.array([[value.encode()]], dtype=np.object_))


def scalar(request, name, default):
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return default if tensor is None else tensor.as_numpy().reshape(-1)[0]
