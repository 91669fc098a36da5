"""Exports CLIPSeg to ONNX in three graphs, so that a text is read once and a picture seen once; fetches no weights.

Whoever asks several texts about one picture runs the vision graph once and the small decoder for each text.
"""

import onnx
import torch
from transformers import CLIPSegForImageSegmentation

from visgate_export.checkpoints import PictureRules
from visgate_export.graph_surgery import set_output
from visgate_export.picture_graphs import picture_graph
from visgate_export.torch_export import export_module

_EXAMPLE_ROWS = 2


class TextTower(torch.nn.Module):  # type: ignore[misc]  # torch is not type-checked here
    """Texts to what the decoder is led by."""

    def __init__(self, network: CLIPSegForImageSegmentation) -> None:
        super().__init__()
        self._text, self._projection = network.clip.text_model, network.clip.text_projection

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """[N, T] → [N, width]."""
        return self._projection(self._text(input_ids=input_ids).pooler_output)


class VisionTower(torch.nn.Module):  # type: ignore[misc]  # torch is not type-checked here
    """Pictures to the activations that the decoder reads."""

    def __init__(self, network: CLIPSegForImageSegmentation) -> None:
        super().__init__()
        self._vision, self._layers = network.clip.vision_model, tuple(network.config.extract_layers)

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """[N, 3, S, S] → [N, layers, tokens, width]."""
        hidden = self._vision.pre_layrnorm(self._vision.embeddings(pixel_values))
        behind = []
        for layer in self._vision.encoder.layers[: max(self._layers) + 1]:
            hidden = layer(hidden, None)
            behind.append(hidden)
        return torch.stack([behind[index] for index in self._layers], dim=1)


class MaskDecoder(torch.nn.Module):  # type: ignore[misc]  # torch is not type-checked here
    """Activations and a text to the probability of every pixel to be meant."""

    def __init__(self, network: CLIPSegForImageSegmentation) -> None:
        super().__init__()
        self._decoder, self._layers = network.decoder, len(network.config.extract_layers)

    def forward(self, activations: torch.Tensor, embedding: torch.Tensor) -> torch.Tensor:
        """[N, layers, tokens, width] and [N, width] → [N, rows, columns], 0–1."""
        separate = [activations[:, index] for index in range(self._layers)]
        return self._decoder(separate, embedding).logits.sigmoid()


def text_graph(network: CLIPSegForImageSegmentation) -> onnx.ModelProto:
    """`input_ids` int64 [N,T] → `embedding` float32 [N,width]; T is the network's longest text."""
    length = network.config.text_config.max_position_embeddings
    ids = torch.full((_EXAMPLE_ROWS, length), network.config.text_config.eos_token_id, dtype=torch.int64)
    model = export_module(TextTower(network).eval(), {"input_ids": ids}, {"input_ids": {0: "N"}}, ["text_features"])
    set_output(model, "text_features", "embedding", ["N", network.config.projection_dim])
    return model


def vision_graph(network: CLIPSegForImageSegmentation, rules: PictureRules) -> onnx.ModelProto:
    """`image` uint8 [N,S,S,3] → `activations` float32 [N,layers,tokens,width]."""
    return picture_graph(VisionTower(network).eval(), rules, "activations")


def mask_graph(network: CLIPSegForImageSegmentation, rules: PictureRules) -> onnx.ModelProto:
    """`activations`, `embedding` → `mask` float32 [N,rows,columns], 0–1."""
    with torch.inference_mode():
        activations = VisionTower(network).eval()(torch.zeros(_EXAMPLE_ROWS, 3, rules.height, rules.width))
    example = {"activations": activations, "embedding": torch.zeros(_EXAMPLE_ROWS, network.config.projection_dim)}
    module = MaskDecoder(network).eval()
    with torch.inference_mode():
        _, rows, columns = module(**example).shape
    model = export_module(module, example, {name: {0: "N"} for name in example}, ["probabilities"])
    set_output(model, "probabilities", "mask", ["N", rows, columns])
    return model
