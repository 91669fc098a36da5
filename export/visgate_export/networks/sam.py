"""Exports SAM to ONNX in two graphs, so that a picture is seen once, whatever is outlined; fetches no weights.

A row of the decoder's batch is one box with its picture's embedding: with pictures and boxes on two axes that both
vary, the exported decoder is wrong at run time.
"""

import onnx
import torch
from torch import nn
from transformers import SamModel

from visgate_export.checkpoints import PictureRules
from visgate_export.graph_surgery import set_output
from visgate_export.networks.grounding_dino import inside
from visgate_export.preprocessing import Layout, PictureInput, mean_and_std, with_picture_input
from visgate_export.traced_export import trace_module

_EXAMPLE_ROWS = 2


class PictureEncoder(nn.Module):  # type: ignore[misc]  # torch is not type-checked here
    """Pictures to the embeddings that the decoder reads."""

    def __init__(self, network: SamModel, side: int) -> None:
        super().__init__()
        self._vision, self._side = network.vision_encoder, side

    def forward(self, pixel_values: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
        """[N, 3, side, side], int64 [N, 2] → [N, width, rows, columns]."""
        # What fills a picture up is 0 once it is normalised, not before.
        return self._vision(pixel_values * inside(size, self._side)[:, None]).last_hidden_state


class BoxOutliner(nn.Module):  # type: ignore[misc]  # torch is not type-checked here
    """A picture's embedding and a box in it to the mask of what the box holds."""

    def __init__(self, network: SamModel) -> None:
        super().__init__()
        self._prompts, self._decoder = network.prompt_encoder, network.mask_decoder
        self.register_buffer("_grid", network.get_image_wide_positional_embeddings().detach(), persistent=False)

    def forward(self, embedding: torch.Tensor, box: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """[N, width, rows, columns], [N, 4] → masks [N, rows, columns], logits, and their expected quality [N]."""
        sparse, dense = self._prompts(input_points=None, input_labels=None, input_boxes=box[:, None], input_masks=None)
        masks, quality = self._decoder(
            image_embeddings=embedding,
            image_positional_embeddings=self._grid.expand(embedding.shape[0], -1, -1, -1),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=False,  # a box leaves no doubt whether a part or the whole is meant
        )
        return masks[:, 0, 0], quality[:, 0, 0]


def vision_graph(network: SamModel, rules: PictureRules) -> onnx.ModelProto:
    """`image` uint8 [N,S,S,3], `size` int64 [N,2] → `embedding` float32 [N,width,rows,columns]."""
    side = rules.height
    example = {
        "pixel_values": torch.zeros(_EXAMPLE_ROWS, 3, side, side),
        "size": torch.tensor([[side, side], [side // 2, side]]),
    }
    module = PictureEncoder(network, side).eval()
    model = trace_module(module, example, {name: {0: "N"} for name in example}, ["seen"])
    set_output(model, "seen", "embedding", ["N", *_embedding_shape(network)])
    scale, offset = mean_and_std(rules.mean, rules.std)
    pictures = PictureInput(side, side, Layout.NCHW, scale=scale, offset=offset)
    return with_picture_input(model, pictures, "pixel_values")


def mask_graph(network: SamModel) -> onnx.ModelProto:
    """`embedding`, `box` float32 [N,4] in pixels of the square → `mask` [N,rows,columns], logits, `quality` [N]."""
    width, rows, columns = _embedding_shape(network)
    example = {
        "embedding": torch.zeros(_EXAMPLE_ROWS, width, rows, columns),
        "box": torch.tensor([[1.0, 2.0, 30.0, 40.0], [5.0, 6.0, 20.0, 30.0]]),
    }
    module = BoxOutliner(network).eval()
    model = trace_module(module, example, {name: {0: "N"} for name in example}, ["outlines", "sureness"])
    set_output(model, "outlines", "mask", ["N", 4 * rows, 4 * columns])  # the decoder enlarges twice by two
    set_output(model, "sureness", "quality", ["N"])
    return model


def _embedding_shape(network: SamModel) -> tuple[int, int, int]:
    vision = network.config.vision_config
    along = vision.image_size // vision.patch_size
    return vision.output_channels, along, along
