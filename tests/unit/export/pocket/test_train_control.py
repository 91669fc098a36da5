"""A ControlNet may begin as another one, learns from there, and is kept as its difference from it."""

from itertools import islice

import pytest
import torch

from visgate_export.pocket.control_kinds import CONTROL_STARTS
from visgate_export.pocket.control_pictures.poses import FIGURES
from visgate_export.pocket.low_rank import difference, restore
from visgate_export.pocket.train_control import TRAININGS, beginning
from visgate_export.pocket.weights import load_control_net, load_unet


def answers(network: torch.nn.Module) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    given = (torch.randn(1, 8, 8, 8, generator=generator), 300, torch.randn(1, 77, 128, generator=generator))
    with torch.no_grad():
        down, middle = network(*given, torch.rand(1, 3, 64, 64, generator=generator), return_dict=False)
    return [*down, middle]


def test_a_kind_begins_as_the_one_that_it_starts_from() -> None:
    for mine, before in zip(
        answers(beginning("normals", load_unet())), answers(load_control_net("depth")), strict=True
    ):
        assert torch.allclose(mine, before, atol=1e-5)


def test_what_is_kept_makes_the_trained_network_again() -> None:
    model = beginning("normals", load_unet())
    learner = torch.optim.SGD([one for one in model.parameters() if one.requires_grad], lr=0.05)
    for _ in range(2):
        down, middle = model(
            torch.randn(2, 8, 8, 8), 300, torch.randn(2, 77, 128), torch.rand(2, 3, 64, 64), return_dict=False
        )
        learner.zero_grad()
        sum(tensor.square().mean() for tensor in (*down, middle)).backward()
        learner.step()
    kept, ancestor = difference(model), load_control_net("depth")
    again = load_control_net("depth")
    again.load_state_dict(restore(kept, ancestor.state_dict()))
    for mine, restored, before in zip(answers(model), answers(again), answers(ancestor), strict=True):
        assert torch.allclose(mine, restored, atol=1e-4)
        assert not torch.allclose(mine, before, atol=1e-3)


def test_a_derived_kind_is_kept_in_less_than_a_megabyte() -> None:
    kept = difference(beginning("segmentation", load_unet()))
    assert 2 * sum(value.numel() for value in kept.values()) < 1_000_000
    assert "controlnet_cond_embedding.conv_in.weight" in kept, "what reads the control picture is kept whole"
    assert "mid_block.resnets.0.conv1.weight" not in kept


def test_every_kind_has_a_training() -> None:
    assert set(TRAININGS) == set(CONTROL_STARTS)


@pytest.mark.parametrize("kind", ["pose", "lines"])
def test_a_training_shows_what_it_says_and_nothing_held_out(kind: str) -> None:
    shown = [scene.combination for scene in islice(TRAININGS[kind].source(), 120)]
    assert not any(combination.held_out for combination in shown)
    figures = sum(not set(FIGURES).isdisjoint(combination.objects) for combination in shown) / len(shown)
    assert figures > 0.6 if kind == "pose" else figures < 0.25
