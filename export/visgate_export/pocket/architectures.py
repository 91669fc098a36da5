"""The shapes of the pocket generative networks, all of them classes of diffusers and transformers; trains nothing."""

from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

PIXELS_PER_CELL = 4
"""The autoencoder sees pictures with every 4 × 4 pixels folded into channels (pixel-unshuffle): 16 times fewer."""
LATENT_CHANNELS = 8
LATENT_SCALE = 8
"""Pixels per latent, each way: 4 folded, 2 by the encoder."""
TEXT_WIDTH = 128
TEXT_LENGTH = 77
"""Tokens of a prompt with the begin and end mark, as CLIP's."""
TRAIN_TIMESTEPS = 1000
BETA_START, BETA_END = 0.00085, 0.012
"""Stable Diffusion's noise schedule (`scaled_linear`)."""


def autoencoder() -> AutoencoderKL:
    """The VAE for 64 × 64 pictures folded to [N, 48, 16, 16], −1 to 1; latents are [N, 8, 8, 8]."""
    return AutoencoderKL(
        in_channels=3 * PIXELS_PER_CELL**2,
        out_channels=3 * PIXELS_PER_CELL**2,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(96, 128),
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        mid_block_add_attention=False,
    )


def text_encoder(vocabulary_size: int, end_of_text: int) -> CLIPTextModel:
    """CLIP's text transformer, three layers of 128.

    Args:
        vocabulary_size: tokens of the tokenizer.
        end_of_text: the id of the end mark, which also fills up short prompts.
    """
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary_size,
            hidden_size=TEXT_WIDTH,
            intermediate_size=4 * TEXT_WIDTH,
            projection_dim=TEXT_WIDTH,
            num_hidden_layers=3,
            num_attention_heads=4,
            max_position_embeddings=TEXT_LENGTH,
            hidden_act="quick_gelu",
            bos_token_id=end_of_text - 1,
            eos_token_id=end_of_text,
            pad_token_id=end_of_text,
        )
    )


def unet(in_channels: int = LATENT_CHANNELS) -> UNet2DConditionModel:
    """Stable Diffusion's UNet with two levels and one layer a level.

    Args:
        in_channels: 8 for the base; more where a mask or a second picture is given beside the latents.
    """
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=in_channels,
        out_channels=LATENT_CHANNELS,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=(96, 160),
        layers_per_block=1,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=4,
    )


def control_net(base: UNet2DConditionModel) -> ControlNetModel:
    """A ControlNet that starts as a copy of the UNet's encoder, with its output convolutions at zero."""
    return ControlNetModel.from_unet(base, conditioning_embedding_out_channels=(16, 32, 64, 96))
