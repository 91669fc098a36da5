"""One request alone: through the engine in this process, through Triton, and in a plain loop over the same networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.engine_listening import Caller, running
from benchmarks.timing import Latency, side_by_side
from visgate_client import VisionClient
from visgate_server.diffusion.diffusion_networks import DiffusionNetworks
from visgate_server.diffusion.draw_request import DrawRequest
from visgate_server.diffusion.engine import DiffusionEngine
from visgate_server.diffusion.limits import EngineLimits
from visgate_server.diffusion.profile import DiffusionProfile

_PROMPT = "a cat left of an apple on a blue background"
_SCHEDULER = "ddim"
_LEVELS = 2
"""Grey levels by which pictures of one computation in two orders may differ."""


@dataclass(frozen=True)
class Alone:
    """One request at a time, in three ways; the in-process two share their networks."""

    plain_loop: Latency
    engine: Latency
    served: Latency

    @property
    def engine_ratio(self) -> float:
        """How many times the plain loop's time the engine takes, at the median."""
        return self.engine.p50_ms / self.plain_loop.p50_ms

    @property
    def served_ratio(self) -> float:
        """How many times the plain loop's time a call through Triton takes, at the median."""
        return self.served.p50_ms / self.plain_loop.p50_ms


class PlainLoop:
    """DDIM with guidance as one writes it for one picture: text encoder, UNet at every step, decoder."""

    def __init__(self, networks: DiffusionNetworks, profile: DiffusionProfile) -> None:
        self._networks = networks
        self._profile = profile
        side = profile.side // profile.latent_scale
        betas = np.linspace(profile.beta_start**0.5, profile.beta_end**0.5, profile.train_timesteps) ** 2
        self._alphas = np.cumprod(1 - betas).astype(np.float32)
        self._no_residuals = {r.name: np.zeros(r.shape(2, side, side), np.float32) for r in profile.residuals}
        self._shape = (profile.latent_channels, side, side)

    def draw(self, prompt: str, steps: int, seed: int) -> NDArray[np.uint8]:
        """A drawing, UINT8 [64, 64, 3]."""
        networks, profile, alphas = self._networks, self._profile, self._alphas
        ids = np.stack([networks.tokenizer.encode("").ids, networks.tokenizer.encode(prompt).ids])
        embedding = networks.text_encoder.run({"input_ids": ids})["embedding"]
        latents = np.random.Generator(np.random.Philox(key=seed)).standard_normal(self._shape, np.float32)
        spacing = profile.train_timesteps // steps
        for timestep in range((steps - 1) * spacing + profile.steps_offset, 0, -spacing):
            inputs = {
                "sample": np.stack([latents, latents]),
                "timestep": np.full(2, timestep, np.float32),
                "embedding": embedding,
            }
            without, prompted = networks.unets["base"].run({**inputs, **self._no_residuals})["noise"]
            noise = without + profile.default_guidance * (prompted - without)
            alpha, following = alphas[timestep], alphas[max(timestep - spacing, 0)]
            x0 = (latents - np.sqrt(1 - alpha) * noise) / np.sqrt(alpha)
            latents = np.sqrt(following) * x0 + np.sqrt(1 - following) * noise
        picture: NDArray[np.uint8] = networks.vae_decoder.run({"latents": latents[None]})["image"][0]
        return picture


def compare_alone(
    networks: DiffusionNetworks, profile: DiffusionProfile, client: VisionClient, steps: int, rounds: int
) -> Alone:
    """Times the three ways in turns.

    Raises:
        RuntimeError: the plain loop and the engine draw different pictures, so the comparison would say nothing.
    """
    loop = PlainLoop(networks, profile)
    engine = DiffusionEngine(networks, profile, EngineLimits())

    def plain(number: int) -> NDArray[np.uint8]:
        return loop.draw(_PROMPT, steps, abs(number))

    def in_engine(number: int) -> NDArray[np.uint8]:
        request = DrawRequest(
            prompt=_PROMPT,
            steps=steps,
            seed=abs(number),
            guidance=profile.default_guidance,
            scheduler=_SCHEDULER,
            width=profile.side,
            height=profile.side,
        )
        caller = Caller()
        engine.add(request, caller)
        return caller.picture()

    def served(number: int) -> object:
        settings = {"steps": steps, "seed": abs(number), "scheduler": _SCHEDULER, "enlarge": False}
        return client.call("generate_image", {"prompt": _PROMPT, **settings})

    with running(engine):
        difference = np.abs(plain(1).astype(int) - in_engine(1)).max()
        if difference > _LEVELS:
            raise RuntimeError(f"the plain loop and the engine draw pictures that differ by {difference} grey levels")
        ways = {"plain": plain, "engine": in_engine, "served": served}
        latencies = side_by_side(ways, rounds, warmup=2, turn=4)
    return Alone(latencies["plain"], latencies["engine"], latencies["served"])
