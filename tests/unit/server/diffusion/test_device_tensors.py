"""Latents that stay on a device give the drawings that numpy gives; the device is a CPU here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from diffusion_profiles import POISON
from engine_listening import Recorder, draw, step_to_the_end
from sample_requests import PLAIN, SAMPLES

from visgate_export.diffusion.step_graphs import STEP_GRAPHS
from visgate_server.diffusion.device_tensors import DeviceTensors, StepGraphs, open_step_graphs
from visgate_server.diffusion.diffusion_networks import DiffusionNetworks
from visgate_server.diffusion.engine import DiffusionEngine, open_engine
from visgate_server.diffusion.limits import EngineLimits
from visgate_server.diffusion.profile import DiffusionProfile
from visgate_server.errors import DeviceError, NetworkError


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> StepGraphs:
    folder = tmp_path_factory.mktemp("graphs")
    for name, build in STEP_GRAPHS.items():
        onnx.save(build(), folder / f"step_{name}.onnx")
    return open_step_graphs(folder, "cpu")


@pytest.fixture
def device_engine(networks: DiffusionNetworks, tiny_profile: DiffusionProfile, graphs: StepGraphs) -> DiffusionEngine:
    return DiffusionEngine(
        networks,
        tiny_profile,
        EngineLimits(),
        lambda contents: DeviceTensors(contents, networks, tiny_profile, graphs),
    )


def test_every_sort_of_request_is_drawn_the_same(engine: DiffusionEngine, device_engine: DiffusionEngine) -> None:
    on_device = draw(device_engine, *SAMPLES.values())
    in_host_memory = draw(engine, *SAMPLES.values())
    assert device_engine.unet_calls == engine.unet_calls
    for name, ours, theirs in zip(SAMPLES, on_device, in_host_memory, strict=True):
        assert np.abs(ours.picture.astype(int) - theirs.picture).max() <= 1, name


def test_requests_join_and_leave_there_too(engine: DiffusionEngine, device_engine: DiffusionEngine) -> None:
    leaver, poisoned, stayer = Recorder(cancel_after=2), Recorder(), Recorder()
    device_engine.add(SAMPLES["dpm_solver++"], stayer)
    device_engine.step()
    device_engine.add(SAMPLES["edges"], leaver)
    device_engine.add(replace(PLAIN, prompt=POISON), poisoned)
    step_to_the_end(device_engine)
    [alone] = draw(engine, SAMPLES["dpm_solver++"])
    assert len(leaver.progress) == 2
    assert poisoned.errors
    assert np.abs(alone.picture.astype(int) - stayer.drawing.picture).max() <= 1


def test_graphs_that_are_missing_are_named(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"step_model_input.onnx.*make models"):
        open_step_graphs(tmp_path, "cpu")


def test_a_gpu_that_is_not_there_fails_loudly(folder: Path) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this machine has a CUDA build")
    with pytest.raises(DeviceError, match="cuda"):
        open_engine(folder, device="cuda")
