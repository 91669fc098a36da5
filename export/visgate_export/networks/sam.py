"""Exports SAM to ONNX in graphs, so that a picture is seen once, whatever is outlined in it; fetches no weights.

With pictures and prompts on two axes that both vary, the exported decoder is wrong at run time. A row of its batch is
one box with its own picture's embedding, or one point in the one picture whose embedding all rows share.
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


class _Outliner(nn.Module):  # type: ignore[misc]  # torch is not type-checked here
    """What outlines by any prompt have in common: the halves of SAM that read the prompt and make the masks."""

    def __init__(self, network: SamModel) -> None:
        super().__init__()
        self._prompts, self._decoder = network.prompt_encoder, network.mask_decoder
        self.register_buffer("_grid", network.get_image_wide_positional_embeddings().detach(), persistent=False)

    def _outline(
        self, embedding: torch.Tensor, sparse: torch.Tensor, dense: torch.Tensor, *, several: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Masks [N, answers, rows, columns], logits, and their expected quality [N, answers], a row a prompt."""
        masks, quality = self._decoder(
            image_embeddings=embedding,
            image_positional_embeddings=self._grid.expand(embedding.shape[0], -1, -1, -1),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=several,
        )
        return masks[:, 0], quality[:, 0]


class BoxOutliner(_Outliner):
    """A picture's embedding and a box in it to the mask of what the box holds."""

    def forward(self, embedding: torch.Tensor, box: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """[N, width, rows, columns], [N, 4] → masks [N, rows, columns], logits, and their expected quality [N]."""
        sparse, dense = self._prompts(input_points=None, input_labels=None, input_boxes=box[:, None], input_masks=None)
        # A box leaves no doubt whether a part or the whole is meant.
        masks, quality = self._outline(embedding, sparse, dense, several=False)
        return masks[:, 0], quality[:, 0]


class PointOutliner(_Outliner):
    """Points in one picture, and its embedding, to the masks of what each may mean: a part, more of it, the whole."""

    def forward(self, point: torch.Tensor, embedding: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """[P, 2], [1, width, rows, columns] → masks [P, 3, rows, columns], logits, and expected quality [P, 3]."""
        count = point.shape[0]
        is_meant = torch.ones(count, 1, 1, dtype=torch.int64, device=point.device)
        sparse, dense = self._prompts(
            input_points=point[:, None, None], input_labels=is_meant, input_boxes=None, input_masks=None
        )
        return self._outline(embedding.expand(count, -1, -1, -1), sparse, dense, several=True)


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


def point_graph(network: SamModel) -> onnx.ModelProto:
    """`point` float32 [P,2] in pixels of the square, `embedding` of one picture → `masks` [P,3,…], `quality` [P,3]."""
    width, rows, columns = _embedding_shape(network)
    answers = network.config.mask_decoder_config.num_multimask_outputs
    example = {
        "point": torch.tensor([[1.0, 2.0], [30.0, 20.0]]),
        "embedding": torch.zeros(1, width, rows, columns),
    }
    module = PointOutliner(network).eval()
    model = trace_module(module, example, {"point": {0: "P"}}, ["outlines", "sureness"])
    set_output(model, "outlines", "masks", ["P", answers, 4 * rows, 4 * columns])
    set_output(model, "sureness", "quality", ["P", answers])
    return model


def _embedding_shape(network: SamModel) -> tuple[int, int, int]:
    vision = network.config.vision_config
    along = vision.image_size // vision.patch_size
    return vision.output_channels, along, along
