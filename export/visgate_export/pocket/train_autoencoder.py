"""Trains the pocket autoencoder to fold pictures of scenes into latents and back; knows nothing about words."""

import torch
from diffusers import AutoencoderKL
from torch.nn import functional

from visgate_export.pocket.architectures import LATENT_CHANNELS, autoencoder
from visgate_export.pocket.picture_tensors import fold, to_tensor, unfold
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import scenes
from visgate_export.pocket.sprites import read_sprites
from visgate_export.pocket.training import Schedule, TrainingRun

SCHEDULE = Schedule(steps=6_500, batch=32, learning_rate=2.5e-3)
_KL_WEIGHT = 3e-4
_HELD_OUT_SCENES = 256


def train_autoencoder(schedule: Schedule = SCHEDULE) -> None:
    """Trains, measures on held-out scenes, and saves weights and metrics."""
    run = TrainingRun("autoencoder", schedule)
    model = autoencoder()
    renderer = SceneRenderer(read_sprites())
    source = scenes(schedule.seed + 1)

    def loss_of(pictures: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            mean, logvar = model.quant_conv(model.encoder(fold(pictures))).chunk(2, dim=1)
            logvar = logvar.clamp(-30, 20)
            latents = mean + torch.exp(0.5 * logvar) * noise
            drawn = model.decoder(model.post_quant_conv(latents))
        return _reconstruction_loss(unfold(drawn.float()), pictures) + _KL_WEIGHT * _divergence(mean, logvar)

    def loss(step: int) -> torch.Tensor:
        pictures = to_tensor([renderer.picture(next(source)) for _ in range(schedule.batch)])
        return loss_of(pictures, torch.randn(schedule.batch, LATENT_CHANNELS, 8, 8))

    run.train(list(model.parameters()), loss, model.state_dict)
    model.eval()
    run.record(_measure(model, renderer, schedule))


def _reconstruction_loss(drawn: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Absolute and squared error, and the absolute error of neighbouring pixels' differences, which keeps outlines."""
    loss = functional.l1_loss(drawn, truth) + 0.5 * functional.mse_loss(drawn, truth)
    for axis in (2, 3):
        loss = loss + 0.5 * functional.l1_loss(drawn.diff(dim=axis), truth.diff(dim=axis))
    return loss


def _divergence(mean: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    """Mean Kullback–Leibler divergence of a latent from the standard normal distribution, in nats."""
    return 0.5 * torch.mean(mean.pow(2) + logvar.exp() - 1 - logvar)


@torch.no_grad()
def _measure(model: AutoencoderKL, renderer: SceneRenderer, schedule: Schedule) -> dict[str, float]:
    held_out = scenes(schedule.seed + 2, held_out=True)
    pictures = [renderer.picture(next(held_out)) for _ in range(_HELD_OUT_SCENES)]
    truth = to_tensor(pictures)
    latents = model.encode(fold(truth)).latent_dist.mode()
    drawn = unfold(model.decode(latents).sample).clamp(-1, 1)
    return {
        "mean_error_of_255": round(float((drawn - truth).abs().mean()) * 127.5, 3),
        "psnr_db": round(float(-10 * torch.log10(((drawn - truth) / 2).pow(2).mean())), 2),
        "scaling_factor": round(1 / float(latents.std()), 5),
        "latent_mean": round(float(latents.mean()), 4),
    }


if __name__ == "__main__":
    train_autoencoder()
