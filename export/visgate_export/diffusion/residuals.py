"""Lists the residuals that a UNet takes and its ControlNets give, read off either network; computes none of them."""

from diffusers import ControlNetModel, UNet2DConditionModel

from visgate_server.diffusion.profile import Residual

MID = "mid"
"""Name of the residual that is added behind the UNet's middle block; the others are `down_0`, `down_1` and so on."""


def residuals_of(network: UNet2DConditionModel | ControlNetModel) -> tuple[Residual, ...]:
    """The residuals in the order in which the UNet adds them, `mid` last.

    The first belongs to the network's first convolution, the others to every layer and every down-sampler of its
    way down (`UNet2DConditionModel.forward` in diffusers), which a ControlNet has a copy of.
    """
    places = [(network.conv_in.out_channels, 1)]
    scale = 1
    for block in network.down_blocks:
        places += [(layer.out_channels, scale) for layer in block.resnets]
        for sampler in block.downsamplers or ():
            scale *= 2
            places.append((sampler.out_channels, scale))
    downs = (Residual(down(index), channels, size) for index, (channels, size) in enumerate(places))
    return (*downs, Residual(MID, network.mid_block.resnets[-1].out_channels, scale))


def down(index: int) -> str:
    """Name of the residual that is added to the UNet's skip connection with this number, outermost first."""
    return f"down_{index}"
