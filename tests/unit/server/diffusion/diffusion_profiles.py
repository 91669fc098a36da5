"""A small diffusion profile for tests."""

from __future__ import annotations

from visgate_server.diffusion.profile import DiffusionProfile, Residual

LATENT_CHANNELS = 4
TEXT_LENGTH = 77
POISON = "~"
"""A prompt whose embedding is not a number in the tiny networks."""


def profile() -> DiffusionProfile:
    """Four latent channels, 8 pixels a latent, pictures of 64 to 192 pixels, every UNet and two ControlNets."""
    return DiffusionProfile(
        name="tiny",
        latent_channels=LATENT_CHANNELS,
        latent_scale=8,
        text_length=TEXT_LENGTH,
        begin_token=0,
        end_token=1,
        pad_token=1,
        train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction="epsilon",
        steps_offset=1,
        side=64,
        max_side=192,
        size_multiple=64,
        default_guidance=4.0,
        latent_rgb=((0.2, 0.0, 0.0), (0.0, 0.2, 0.0), (0.0, 0.0, 0.2), (0.1, 0.1, 0.1)),
        latent_rgb_bias=(0.5, 0.4, 0.3),
        residuals=(Residual("down_0", 6, 1), Residual("down_1", 5, 2), Residual("mid", 7, 4)),
        unets={"base": "unet.onnx", "edit": "unet_edit.onnx", "inpaint": "unet_inpaint.onnx"},
        controls={"edges": "control_edges.onnx", "depth": "control_depth.onnx"},
        scaling_factor=0.25,
    )
