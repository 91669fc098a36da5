"""What is kept of a trained copy makes that very copy again, in far fewer numbers."""

import pytest
import torch

from visgate_export.pocket.low_rank import add_low_rank, difference, restore


class Network(torch.nn.Module):
    def __init__(self, *, new_layer: bool) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(24, 40, 3)
        self.norm = torch.nn.GroupNorm(4, 40)
        if new_layer:
            self.zero = torch.nn.Conv2d(40, 40, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = self.norm(self.conv(x))
        return self.zero(seen) if hasattr(self, "zero") else seen


@pytest.fixture
def original() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return Network(new_layer=False).state_dict()


def trained_copy(original: dict[str, torch.Tensor], rank: int) -> Network:
    copy = Network(new_layer=True)
    copy.load_state_dict(original, strict=False)
    add_low_rank(copy, original, rank)
    learner = torch.optim.SGD([one for one in copy.parameters() if one.requires_grad], lr=0.5)
    for _ in range(5):
        learner.zero_grad()
        copy(torch.randn(2, 24, 8, 8)).square().mean().backward()
        learner.step()
    return copy


def test_the_copy_starts_as_the_original(original: dict[str, torch.Tensor]) -> None:
    copy = Network(new_layer=True)
    copy.load_state_dict(original, strict=False)
    add_low_rank(copy, original, 4)
    assert torch.equal(copy.conv.weight, original["conv.weight"])


def test_the_copy_is_restored_from_what_was_kept(original: dict[str, torch.Tensor]) -> None:
    copy = trained_copy(original, 4)
    again = Network(new_layer=True)
    again.load_state_dict(restore(difference(copy), original))
    x = torch.randn(2, 24, 8, 8)
    assert torch.allclose(again(x), copy(x), atol=1e-6)
    assert not torch.allclose(again.conv.weight, original["conv.weight"], atol=1e-4)


def test_only_thin_matrices_are_kept_of_what_is_shared(original: dict[str, torch.Tensor]) -> None:
    kept = difference(trained_copy(original, 4))
    assert "conv.weight" not in kept
    assert kept["conv.weight.up"].numel() + kept["conv.weight.down"].numel() < original["conv.weight"].numel() / 5
    assert {"conv.bias", "norm.weight", "zero.weight"} <= set(kept)


def test_a_difference_from_something_else_is_refused(original: dict[str, torch.Tensor]) -> None:
    kept = difference(trained_copy(original, 4))
    with pytest.raises(KeyError, match=r"conv\.weight"):
        restore(kept, {})
