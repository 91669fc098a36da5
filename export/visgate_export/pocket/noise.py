"""Stable Diffusion's noise schedule and training loss, and attention for bf16 training on a CPU; knows no network."""

import torch
from diffusers import DDPMScheduler
from diffusers.models.attention_processor import Attention
from torch.nn import functional

from visgate_export.pocket.architectures import BETA_END, BETA_START, TRAIN_TIMESTEPS

_MIN_SNR = 5.0
_LEAST_SNR = 0.05


class NoiseSchedule:
    """Adds noise to latents and weighs the error of its prediction."""

    def __init__(self) -> None:
        scheduler = DDPMScheduler(
            num_train_timesteps=TRAIN_TIMESTEPS, beta_start=BETA_START, beta_end=BETA_END, beta_schedule="scaled_linear"
        )
        self._kept = scheduler.alphas_cumprod

    def add(self, latents: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        """The latents [N, C, h, w] at their timesteps [N]."""
        kept = self._kept[timesteps].view(-1, 1, 1, 1)
        return kept.sqrt() * latents + (1 - kept).sqrt() * noise

    def loss(
        self,
        predicted: torch.Tensor,
        noise: torch.Tensor,
        timesteps: torch.Tensor,
        importance: torch.Tensor | float = 1.0,
    ) -> torch.Tensor:
        """Squared error, where there is little noise weighed down by min-SNR-5 (Hang et al. 2023).

        Args:
            predicted: [N, C, h, w] what the network takes for noise.
            noise: [N, C, h, w] what is.
            timesteps: [N] how much of it there was.
            importance: [N, 1, h, w] how much each place counts.
        """
        ratio = self._kept[timesteps] / (1 - self._kept[timesteps])
        weight = ratio.clamp(max=_MIN_SNR) / ratio
        error = importance * functional.mse_loss(predicted, noise, reduction="none")
        return (weight * error.mean((1, 2, 3))).mean()

    def early_emphasis(self, timesteps: torch.Tensor) -> torch.Tensor:
        """What `loss` is multiplied by, [N, 1, 1, 1], to weigh clean latents' errors alike at all but most noise.

        Much noise is easily told from anything, so the plain loss hardly asks what lies under it. That is where drawing
        begins, though, and where alone a picture beside the latents says what they do not say themselves.
        """
        ratio = self._kept[timesteps] / (1 - self._kept[timesteps])
        return (1 / ratio.clamp(min=_LEAST_SNR)).view(-1, 1, 1, 1)


class FloatAttention:
    """Attention in fp32 inside a bf16 network: the bf16 kernel's backward pass is six times slower on a CPU."""

    def __call__(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        temb: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """As diffusers calls it, [N, cells, width] in and out; masks are not used here."""
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        rows, _, width = hidden_states.shape
        query, key, value = (
            projected.view(rows, -1, attn.heads, width // attn.heads).transpose(1, 2).float()
            for projected in (attn.to_q(hidden_states), attn.to_k(context), attn.to_v(context))
        )
        with torch.autocast("cpu", enabled=False):
            attended = functional.scaled_dot_product_attention(query, key, value)
        return attn.to_out[0](attended.transpose(1, 2).reshape(rows, -1, width))
