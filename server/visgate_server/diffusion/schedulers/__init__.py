"""Diffusion schedulers as tables of numbers: whichever scheduler a request uses, one formula makes its step.

    model input = input_scale · x
    noise       = UNet(model input, timestep)
    x0          = x0_from_latents · x + x0_from_noise · noise
    next x      = next_from_latents · x + next_from_x0 · x0 + next_from_previous_x0 · (the step before's x0)
                  + next_from_fresh_noise · N(0, 1)

So rows of different requests, each at its own step of its own scheduler, advance in one vectorised operation.
"""

from visgate_server.diffusion.schedulers.registry import SCHEDULERS

__all__ = ["SCHEDULERS"]
