"""Exports GroundingDINO to ONNX in one graph of a fixed picture size; fetches no weights.

The forward pass is that of transformers' `GroundingDinoModel`, written anew from its parts for three things: what
depends on the ids alone comes in as inputs (exporters lack the operations), the picture's size takes the place of a
mask of pixels, and the places that the first stage chooses go out too.
"""

import onnx
import torch
from torch import nn
from transformers import GroundingDinoForObjectDetection

from visgate_export.checkpoints import PictureRules
from visgate_export.graph_surgery import set_output
from visgate_export.preprocessing import Layout, PictureInput, mean_and_std, with_picture_input
from visgate_export.traced_export import trace_module

_EXAMPLE_ROWS, _EXAMPLE_TOKENS = 2, 6
_TEXT_AXES = {0: "N", 1: "T"}


def inside(size: torch.Tensor, side: int) -> torch.Tensor:
    """Which pixels of a square belong to the picture in its upper left corner, bool [N, side, side].

    Args:
        size: int64 [N, 2], rows and columns that the picture fills.
        side: of the square, pixels.
    """
    along = torch.arange(side)
    rows, columns = (along[None] < size[:, axis, None] for axis in range(2))
    return rows[:, :, None] & columns[:, None, :]


class GroundedDetection(nn.Module):  # type: ignore[misc]  # torch is not type-checked here
    """Pictures and texts to boxes, and how sure each word of a text is of each box."""

    def __init__(self, network: GroundingDinoForObjectDetection, side: int) -> None:
        super().__init__()
        self._model, self._boxes, self._side = network.model, network.bbox_embed[-1], side

    def forward(
        self,
        pixel_values: torch.Tensor,
        size: torch.Tensor,
        input_ids: torch.Tensor,
        is_text: torch.Tensor,
        sees: torch.Tensor,
        places: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Scores [N, boxes, T] of 0–1, boxes [N, boxes, 4] as shares, places of the feature maps int64 [N, boxes].

        Args:
            pixel_values: float32 [N, 3, side, side].
            size: int64 [N, 2], rows and columns that the picture fills.
            input_ids: int64 [N, T].
            is_text: bool [N, T].
            sees: bool [N, T, T].
            places: int64 [N, T].
        """
        model = self._model
        text = model.text_backbone(input_ids, sees[:, None], torch.zeros_like(input_ids), places).last_hidden_state
        maps, masks, positions = self._feature_maps(pixel_values, inside(size, self._side))
        shapes = [(int(source.shape[-2]), int(source.shape[-1])) for source in maps]
        levels = torch.tensor(shapes)
        seen = torch.cat([mask.flatten(1) for mask in masks], dim=1)
        about_maps = {
            "spatial_shapes": levels,
            "spatial_shapes_list": shapes,
            "level_start_index": torch.cat((levels.new_zeros(1), levels.prod(1).cumsum(0)[:-1])),
            "valid_ratios": torch.stack([model.get_valid_ratio(mask) for mask in masks], dim=1),
            "return_dict": True,
        }
        encoded = model.encoder(
            vision_features=torch.cat([source.flatten(2).transpose(1, 2) for source in maps], dim=1),
            vision_attention_mask=~seen,
            vision_position_embedding=torch.cat(
                [
                    position.flatten(2).transpose(1, 2) + model.level_embed[level]
                    for level, position in enumerate(positions)
                ],
                dim=1,
            ),
            text_features=model.text_projection(text),
            text_attention_mask=~is_text,
            text_self_attention_masks=~sees,
            text_position_ids=places,
            **about_maps,
        )
        pictures, words = encoded.last_hidden_state_vision, encoded.last_hidden_state_text
        chosen, start = self._first_stage(pictures, words, is_text, ~seen, shapes)
        decoded = model.decoder(
            inputs_embeds=model.query_position_embeddings.weight[None].expand(chosen.shape[0], -1, -1),
            vision_encoder_hidden_states=pictures,
            vision_encoder_attention_mask=seen,
            text_encoder_hidden_states=words,
            text_encoder_attention_mask=~is_text,
            reference_points=start,
            **about_maps,
        )
        states = decoded.intermediate_hidden_states[:, -1]
        reached = torch.cat([start[:, None], decoded.intermediate_reference_points], dim=1)[:, -2]
        boxes = (self._boxes(states) + torch.special.logit(reached, eps=1e-5)).sigmoid()
        # Where a text is filled up transformers has minus infinity, whose sigmoid is 0.
        scores = (states @ words.transpose(1, 2)).sigmoid() * is_text[:, None]
        return scores, boxes, chosen

    def _feature_maps(
        self, pixel_values: torch.Tensor, pixels: torch.Tensor
    ) -> tuple[list[torch.Tensor], list[torch.Tensor], list[torch.Tensor]]:
        """Maps, masks and position embeddings of every level, finest first."""
        model = self._model
        # What fills a picture up is 0 once it is normalised, not before.
        features, positions = model.backbone(pixel_values * pixels[:, None], pixels)
        maps = [project(source) for project, (source, _) in zip(model.input_proj_vision, features, strict=False)]
        masks = [mask for _, mask in features]
        for level in range(len(features), model.config.num_feature_levels):
            source = model.input_proj_vision[level](features[-1][0] if level == len(features) else maps[-1])
            mask = nn.functional.interpolate(pixels[None].float(), size=source.shape[-2:]).to(torch.bool)[0]
            positions.append(model.backbone.position_embedding(source, mask))
            maps.append(source)
            masks.append(mask)
        return maps, masks, positions

    def _first_stage(
        self,
        pictures: torch.Tensor,
        words: torch.Tensor,
        is_text: torch.Tensor,
        outside: torch.Tensor,
        shapes: list[tuple[int, int]],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The places where the text fits best, int64 [N, boxes], and the boxes proposed there, [N, boxes, 4]."""
        model = self._model
        queries, proposals = model.generate_encoder_output_proposals(pictures, outside, shapes)
        fits = (queries @ words.transpose(1, 2)).masked_fill(~is_text[:, None], float("-inf")).amax(dim=-1)
        chosen = torch.topk(fits, model.config.num_queries, dim=1)[1]
        proposed = model.encoder_output_bbox_embed(queries) + proposals
        return chosen, torch.gather(proposed, 1, chosen[..., None].expand(-1, -1, 4)).sigmoid()


def grounding_graph(network: GroundingDinoForObjectDetection, rules: PictureRules) -> onnx.ModelProto:
    """`image` uint8 [N,S,S,3], `size`, `input_ids`, `is_text`, `sees`, `places` → `scores`, `boxes`, `chosen`."""
    side, tokens = rules.height, _EXAMPLE_TOKENS
    example = {
        "pixel_values": torch.zeros(_EXAMPLE_ROWS, 3, side, side),
        "size": torch.tensor([[side, side], [side // 2, side]]),
        "input_ids": torch.ones(_EXAMPLE_ROWS, tokens, dtype=torch.int64),
        "is_text": torch.ones(_EXAMPLE_ROWS, tokens, dtype=torch.bool),
        "sees": torch.ones(_EXAMPLE_ROWS, tokens, tokens, dtype=torch.bool),
        "places": torch.zeros(_EXAMPLE_ROWS, tokens, dtype=torch.int64),
    }
    axes: dict[str, dict[int, str]] = {
        "pixel_values": {0: "N"},
        "size": {0: "N"},
        "input_ids": _TEXT_AXES,
        "is_text": _TEXT_AXES,
        "sees": {**_TEXT_AXES, 2: "T"},
        "places": _TEXT_AXES,
    }
    model = trace_module(GroundedDetection(network, side).eval(), example, axes, ["words", "shares", "first_stage"])
    count = network.config.num_queries
    set_output(model, "words", "scores", ["N", count, "T"])
    set_output(model, "shares", "boxes", ["N", count, 4])
    set_output(model, "first_stage", "chosen", ["N", count])
    scale, offset = mean_and_std(rules.mean, rules.std)
    pictures = PictureInput(side, side, Layout.NCHW, scale=scale, offset=offset)
    return with_picture_input(model, pictures, "pixel_values")
