"""Draws for many requests at once, one denoising step at a time; knows nothing about Triton.

Start with `DiffusionEngine.step`. Requests join and leave at any step, and every UNet call serves all requests of its
drawing size, whichever tool, scheduler, step count and step they are at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from visgate_server.diffusion.active_request import activate
from visgate_server.diffusion.admission import Admission
from visgate_server.diffusion.batch_tensors import TensorsFactory
from visgate_server.diffusion.completion import Completion
from visgate_server.diffusion.device_tensors import DeviceTensors, open_step_graphs
from visgate_server.diffusion.diffusion_networks import DiffusionNetworks, open_networks
from visgate_server.diffusion.draw_request import DrawRequest
from visgate_server.diffusion.drawing import DrawListener
from visgate_server.diffusion.faults import shared_fate
from visgate_server.diffusion.host_tensors import HostTensors
from visgate_server.diffusion.limits import CPU_LIMITS, EngineLimits
from visgate_server.diffusion.profile import DiffusionProfile, read_profile
from visgate_server.diffusion.request_check import check_request
from visgate_server.diffusion.request_queue import RequestQueue
from visgate_server.diffusion.roster import Roster
from visgate_server.diffusion.row_batch import RowBatch
from visgate_server.diffusion.schedulers.noise_schedule import noise_schedule
from visgate_server.errors import ModelFaultError, ServerStoppingError
from visgate_server.networks import chosen_device


def open_engine(folder: Path, limits: EngineLimits | None = None, device: str | None = None) -> DiffusionEngine:
    """Opens an engine over the networks of a model's version folder.

    Args:
        folder: where the export put the networks and their profile.
        limits: by default what suits the device; where `max_advancing` is left open, the device decides that.
        device: as for `visgate_server.networks.open_network`.

    Raises:
        NetworkError: a file is missing, unreadable or does not fit the others.
        DeviceError: the device is unknown or not available here.
    """
    profile = read_profile(folder)
    device = chosen_device(device)
    networks = open_networks(folder, profile, device)
    if device == "cpu":
        return DiffusionEngine(networks, profile, _for_cpu(limits))
    graphs = open_step_graphs(folder, device)
    on_device = partial(DeviceTensors, networks=networks, profile=profile, graphs=graphs)
    return DiffusionEngine(networks, profile, limits or EngineLimits(), on_device)


def _for_cpu(limits: EngineLimits | None) -> EngineLimits:
    if limits is None:
        return CPU_LIMITS
    return limits if limits.max_advancing else replace(limits, max_advancing=CPU_LIMITS.max_advancing)


class DiffusionEngine:
    """Takes requests from any thread and draws them in one: whoever calls `run_forever`, or `step` by hand.

    Attributes:
        profile: of the networks.
        unet_calls: UNet calls so far.
        unet_rows: rows of those calls, added up.
    """

    def __init__(
        self,
        networks: DiffusionNetworks,
        profile: DiffusionProfile,
        limits: EngineLimits,
        make_tensors: TensorsFactory | None = None,
    ) -> None:
        self.profile = profile
        self.unet_calls = 0
        self.unet_rows = 0
        self._tokenizer = networks.tokenizer
        self._noise = noise_schedule(profile)
        self._queue = RequestQueue(limits)
        admission = Admission(networks, profile, limits.max_pictures)
        make_tensors = make_tensors or partial(HostTensors, networks=networks, profile=profile)
        self._roster = Roster(self._queue, admission, make_tensors, limits)
        self._completion = Completion(networks, profile, limits.max_pictures)

    def add(self, request: DrawRequest, listener: DrawListener, queue_timeout: float | None = None) -> None:
        """Queues a request; any thread may call.

        Args:
            request: what to draw.
            listener: who waits for it.
            queue_timeout: seconds that it may wait for its turn; None for as long as it takes.

        Raises:
            InvalidArgumentError: the request cannot be drawn, with what to do about it.
            QueueFullError: too many wait already.
            ServerStoppingError: the engine was stopped.
        """
        check_request(request, self.profile)
        self._queue.put(activate(request, listener, self.profile, self._tokenizer, self._noise, queue_timeout))

    def step(self) -> bool:
        """Does a denoising step for those in flight whose turn it is; returns whether there is anything left to do."""
        batches = self._roster.schedule()
        for batch in batches:
            self._run(batch)
        self._postprocess(batches)
        return self._queue.busy

    def run_forever(self) -> None:
        """Steps while there is work and sleeps while there is none, until `stop`; whoever is left then is told."""
        while self._queue.wait():
            try:
                self.step()
            except Exception as error:  # noqa: BLE001 - the loop must outlive a fault of the engine's own
                fault = ModelFaultError(f"the diffusion engine failed: {type(error).__name__}: {error}")
                fault.__cause__ = error
                self._roster.abandon(fault)
        stopping = ServerStoppingError("the diffusion engine was stopped: send the request again to one that runs")
        self._roster.abandon(stopping)
        for waiting in self._queue.empty():
            waiting.tell_error(stopping)

    def stop(self) -> None:
        """Takes no more requests and ends `run_forever` after the step that it is at; any thread may call."""
        self._queue.close()

    def _run(self, batch: RowBatch) -> None:
        with shared_fate(batch.members, f"UNet {batch.members[0].request.unet} or its ControlNets"):
            batch.denoise()
            self.unet_calls += 1
            self.unet_rows += batch.rows

    def _postprocess(self, batches: Sequence[RowBatch]) -> None:
        for batch in batches:
            self._completion.report(batch)
        self._completion.finish(self._roster.dismiss())
