"""A request from its arrival to its drawing: what it is made of, how far it is, who waits for it; runs no network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

import numpy as np

from visgate_server.diffusion.draw_request import DrawRequest, UInt8Array
from visgate_server.diffusion.drawing import Drawing, DrawListener
from visgate_server.diffusion.fitted_pictures import FittedPictures, fit_pictures
from visgate_server.diffusion.guidance import GuidanceRow, guidance_rows
from visgate_server.diffusion.profile import DiffusionProfile
from visgate_server.diffusion.prompts import Prompt, PromptTokenizer
from visgate_server.diffusion.request_check import steps_to_run
from visgate_server.diffusion.schedulers import SCHEDULERS
from visgate_server.diffusion.schedulers.noise_schedule import NoiseSchedule
from visgate_server.diffusion.schedulers.step_table import Float32Array, StepTable
from visgate_server.errors import VisgateServerError


@dataclass(frozen=True)
class Conditions:
    """What the networks made of a request's prompts and pictures; it stays the same from step to step.

    Attributes:
        embeddings: a row's view of the text, float32 [rows, tokens, D].
        channels: what the edit and inpaint UNets see beside the latents, float32 [rows, channels, h, w].
    """

    embeddings: Float32Array
    channels: Float32Array | None


@dataclass(eq=False)
class ActiveRequest:
    """A request and everything that is its own; two requests share none of it.

    Attributes:
        request: as it came.
        listener: who waits.
        turn_before: on the monotonic clock, in seconds: the queue's patience with it.
        prompt: its tokens.
        negative: the negative prompt's tokens.
        table: its schedule.
        rows: what it runs in each UNet call.
        generator: its own random numbers, from its seed alone.
        pictures: fitted to the drawing.
        conditions: from admission on.
        latents: float32 [C, h, w]; while it is in a batch the batch's tensors are ahead of these.
        previous_x0: the same of the clean latents that the last step guessed.
        step: steps done.
        steps_passed_over: steps of the engine at which it was in flight and did not advance.
        unet_calls: calls that it took part in.
        requests_in_calls: requests in those calls, added up.
        fault: why there will be no drawing.
        gone: its listener failed; nobody waits.
    """

    request: DrawRequest
    listener: DrawListener
    turn_before: float
    prompt: Prompt
    negative: Prompt
    table: StepTable
    rows: tuple[GuidanceRow, ...]
    generator: np.random.Generator
    pictures: FittedPictures
    conditions: Conditions | None = None
    latents: Float32Array = field(default_factory=lambda: np.zeros((0, 0, 0), np.float32))
    previous_x0: Float32Array = field(default_factory=lambda: np.zeros((0, 0, 0), np.float32))
    step: int = 0
    steps_passed_over: int = 0
    unet_calls: int = 0
    requests_in_calls: int = 0
    fault: VisgateServerError | None = None
    gone: bool = False

    @property
    def finished(self) -> bool:
        """Every step is done."""
        return self.step >= self.table.steps

    def preview_due(self) -> bool:
        """Whether the step that was just done comes with a preview."""
        every = self.request.preview_every
        return every > 0 and self.step % every == 0 and not self.finished

    def wants_out(self) -> bool:
        """Whether nobody waits any more; asks the listener."""
        if self.gone:
            return True
        try:
            return self.listener.is_cancelled()
        except Exception:  # noqa: BLE001 - a listener that cannot be asked is gone, and nobody else's concern
            self.gone = True
            return True

    def overdue(self) -> bool:
        """Whether it has waited in the queue for longer than it may."""
        return monotonic() > self.turn_before

    def tell_progress(self, preview: UInt8Array | None) -> None:
        """Reports the step that was just done."""
        self._tell(lambda: self.listener.on_progress(self.step, self.table.steps, preview))

    def tell_error(self, error: Exception) -> None:
        """Reports that there will be no drawing."""
        self._tell(lambda: self.listener.on_error(error))

    def tell_result(self, picture: UInt8Array) -> None:
        """Hands over the drawing, UINT8 [height, width, 3]."""
        drawing = Drawing(
            picture=picture,
            seed=self.request.seed,
            steps=self.step,
            unet_calls=self.unet_calls,
            mean_requests=self.requests_in_calls / self.unet_calls,
            prompt_tokens=self.prompt.tokens,
            cut_off=self.prompt.cut_off,
            negative_cut_off=self.negative.cut_off,
        )
        self._tell(lambda: self.listener.on_result(drawing))

    def _tell(self, message: Callable[[], None]) -> None:
        if self.gone:
            return
        try:
            message()
        except Exception:  # noqa: BLE001 - as above
            self.gone = True


def activate(
    request: DrawRequest,
    listener: DrawListener,
    profile: DiffusionProfile,
    tokenizer: PromptTokenizer,
    noise: NoiseSchedule,
    queue_timeout: float | None,
) -> ActiveRequest:
    """Does all of a checked request's preparation that needs no network, in the caller's thread.

    Args:
        request: checked.
        listener: who waits.
        profile: of the networks.
        tokenizer: of the prompts.
        noise: what the UNet was trained with.
        queue_timeout: seconds that the request may wait for its turn; None for as long as it takes.
    """
    return ActiveRequest(
        request=request,
        listener=listener,
        turn_before=float("inf") if queue_timeout is None else monotonic() + queue_timeout,
        prompt=tokenizer.encode(request.prompt),
        negative=tokenizer.encode(request.negative_prompt),
        table=SCHEDULERS[request.scheduler](noise, request.steps, request.steps - steps_to_run(request)),
        rows=guidance_rows(request),
        generator=np.random.Generator(np.random.Philox(key=request.seed)),
        pictures=fit_pictures(request, profile.latent_scale),
    )
