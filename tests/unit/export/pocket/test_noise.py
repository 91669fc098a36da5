"""The training loss weighs steps as it says."""

import pytest
import torch

from visgate_export.pocket.noise import NoiseSchedule


@pytest.mark.parametrize("timestep", [350, 500, 700])
def test_with_early_emphasis_the_loss_is_that_of_the_clean_latents(timestep: int) -> None:
    torch.manual_seed(0)
    schedule, steps = NoiseSchedule(), torch.tensor([timestep])
    latents, noise, guess = (torch.randn(1, 8, 8, 8) for _ in range(3))
    noisy = schedule.add(latents, noise, steps)
    kept = float((schedule.add(torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 1), steps) ** 2).squeeze())
    clean = (noisy - (1 - kept) ** 0.5 * guess) / kept**0.5
    emphasised = schedule.loss(guess, noise, steps, schedule.early_emphasis(steps))
    assert float(emphasised) == pytest.approx(float((clean - latents).square().mean()), rel=1e-3)


def test_pure_noise_is_not_weighed_without_bounds() -> None:
    emphasis = NoiseSchedule().early_emphasis(torch.tensor([850, 950, 999])).flatten()
    assert torch.equal(emphasis, emphasis[:1].expand(3))


def test_places_of_more_importance_count_more() -> None:
    schedule, steps = NoiseSchedule(), torch.tensor([500])
    noise, guess = torch.zeros(1, 8, 8, 8), torch.zeros(1, 8, 8, 8)
    guess[..., 0] = 1
    importance = torch.ones(1, 1, 8, 8)
    importance[..., 0] = 3
    plain, weighed = schedule.loss(guess, noise, steps), schedule.loss(guess, noise, steps, importance)
    assert float(weighed) == pytest.approx(3 * float(plain))
