"""The UNets that see a picture begin as the base UNet, and come back from what is kept of them."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from visgate_export.pocket.architectures import LATENT_CHANNELS, unet
from visgate_export.pocket.low_rank import add_low_rank, difference
from visgate_export.pocket.picture_unets import ADDED_CHANNELS, RANKS, picture_unet
from visgate_export.pocket.weights import load_picture_unet

MOST_BYTES = {"edit": 3.5e6, "inpaint": 2.2e6}
"""Of each UNet's weights in git."""


@pytest.mark.parametrize("purpose", ADDED_CHANNELS)
def test_from_base_to_weights_and_back(purpose: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    base = unet().eval()
    model = picture_unet(purpose, base).eval()
    added = ADDED_CHANNELS[purpose]
    latents, beside = torch.randn(2, LATENT_CHANNELS, 8, 8), torch.randn(2, added, 8, 8)
    words, times = torch.randn(2, 77, 128), torch.tensor([900, 30])
    given, nothing = torch.cat((latents, beside), dim=1), torch.cat((latents, 0 * beside), dim=1)
    with torch.no_grad():
        drawn = base(latents, times, words).sample
        assert torch.allclose(model(nothing, times, words).sample, drawn, atol=1e-5)
        assert torch.allclose(model(given, times, words).sample, drawn, atol=1e-5) == (purpose == "inpaint")
        add_low_rank(model, base.state_dict(), RANKS[purpose])
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.02 * torch.randn_like(parameter))
        _save(tmp_path / "unet.safetensors", base.state_dict())
        _save(tmp_path / f"unet_{purpose}.safetensors", difference(model))
        again = load_picture_unet(purpose, tmp_path)
        expected = model(given, times, words).sample
        assert torch.allclose(again(given, times, words).sample, expected, atol=1e-4 * float(expected.abs().max()))
        without = again(nothing, times, words).sample
        assert not torch.allclose(without, expected, atol=0.05 * float(expected.abs().max()))
    whole = sum(value.numel() for value in base.state_dict().values()) * 2
    size = (tmp_path / f"unet_{purpose}.safetensors").stat().st_size / 2  # saved as float32 here, as float16 in git
    assert size < MOST_BYTES[purpose] < whole / 2


def _save(path: Path, state: dict[str, torch.Tensor]) -> None:
    save_file({name: value.detach().contiguous().clone() for name, value in state.items()}, path)
