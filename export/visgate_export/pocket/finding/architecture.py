"""The shape of the pocket CLIPSeg, transformers' own class in small; trains nothing."""

from transformers import CLIPSegConfig, CLIPSegForImageSegmentation

from visgate_export.pocket.tokenizer import BEGIN_TOKEN, END_TOKEN

INPUT_SIDE = 64
"""Rows and columns of the picture, pixels."""
MASK_SIDE = 32
"""Rows and columns of the mask."""
PATCH = 8
TEXT_LENGTH = 24
"""Tokens of a text with the begin and end mark."""
TEXT_WIDTH = 48
VISION_WIDTH = 96
PROJECTION_WIDTH = 64
_VISION_LAYERS = 3


def finder(vocabulary_size: int) -> CLIPSegForImageSegmentation:
    """CLIPSeg with a text tower, a vision tower and a mask decoder of 0.5 million parameters in all.

    Args:
        vocabulary_size: tokens of the pocket tokenizer.
    """
    config = CLIPSegConfig(
        text_config={
            "vocab_size": vocabulary_size,
            "hidden_size": TEXT_WIDTH,
            "intermediate_size": 2 * TEXT_WIDTH,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "max_position_embeddings": TEXT_LENGTH,
            "bos_token_id": BEGIN_TOKEN,
            "eos_token_id": END_TOKEN,
            "pad_token_id": END_TOKEN,
        },
        vision_config={
            "hidden_size": VISION_WIDTH,
            "intermediate_size": 240,
            "num_hidden_layers": _VISION_LAYERS,
            "num_attention_heads": 4,
            "image_size": INPUT_SIDE,
            "patch_size": PATCH,
        },
        projection_dim=PROJECTION_WIDTH,
        # The activations behind the first and the last layer; the decoder has a layer for each.
        extract_layers=[0, _VISION_LAYERS - 1],
        reduce_dim=64,
        decoder_num_attention_heads=4,
        decoder_intermediate_size=128,
        # Doubles the sides twice, whatever the patch: 8 × 8 patches become 32 × 32.
        use_complex_transposed_convolution=True,
    )
    model = CLIPSegForImageSegmentation(config)
    _draw_decoder_anew(model)
    return model


def _draw_decoder_anew(model: CLIPSegForImageSegmentation) -> None:
    """Gives the decoder's plain layers torch's own first weights.

    The class leaves them with a standard deviation of 1, far too large to learn from: the published network's decoder
    was made elsewhere.
    """
    decoder = model.decoder
    for layer in (decoder.film_mul, decoder.film_add, *decoder.reduces, *decoder.transposed_convolution):
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
