"""CLIPSeg, which marks what words name: the pocket network, or the one that was trained on photos, by the same code."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.checkpoints import Checkpoint, PictureRules
from visgate_export.network_origin import NetworkOrigin
from visgate_export.recipe import ExtraFile, NetworkRecipe, ParityReport
from visgate_export.recipes import grounded_finding
from visgate_export.sources import FolderSource

if TYPE_CHECKING:
    import onnx
    from transformers import CLIPSegForImageSegmentation

    from visgate_export.parity import Inputs, Outputs

MODEL = "object_finding"
CLIPSEG = Checkpoint("CIDAS/clipseg-rd64-refined", "Apache-2.0")
WEIGHTS = Path(__file__).parents[1] / "pocket" / "weights"
_REFERENCE = "transformers' CLIPSegForImageSegmentation"
_TEXTS = ("a cat", "the person on the left", "cup")


@dataclass(frozen=True)
class FinderNetwork:
    """CLIPSeg with what it takes.

    Attributes:
        profile: which set of networks it belongs to, `pocket` or `full`.
        network: in evaluation mode, with plain attention: its graph is smaller than the fused one's, and no slower.
        pictures: what it takes.
        tokenizer: its vocabulary as a `tokenizers` file.
        tokens: ids of the begin mark, the end mark and what fills up short texts.
        drawn_only: it knows drawn scenes alone.
        threshold: probability from which a pixel belongs to what is meant, 0–1.
        words: names of what it knows, where they are few.
    """

    profile: str
    network: "CLIPSegForImageSegmentation"
    pictures: PictureRules
    tokenizer: str
    tokens: tuple[int, int, int]
    drawn_only: bool
    threshold: float
    words: tuple[str, ...]

    @property
    def text_length(self) -> int:
        """Tokens of a text with its marks."""
        return int(self.network.config.text_config.max_position_embeddings)

    def ids(self, texts: tuple[str, ...]) -> list[list[int]]:
        """Texts as the text network reads them, all of one length."""
        from tokenizers import Tokenizer

        begin, end, pad = self.tokens
        tokenizer = Tokenizer.from_str(self.tokenizer)
        rows = [tokenizer.encode(text, add_special_tokens=False).ids[: self.text_length - 2] for text in texts]
        return [[begin, *row, end, *[pad] * (self.text_length - 2 - len(row))] for row in rows]


def _recipes(origin: NetworkOrigin[FinderNetwork]) -> tuple[NetworkRecipe, ...]:
    def recipe(
        part: str,
        file_name: str,
        build: "Callable[[FinderNetwork], onnx.ModelProto]",
        check: Callable[[Path, FinderNetwork], ParityReport],
        extra_files: tuple[ExtraFile, ...] = (),
    ) -> NetworkRecipe:
        return NetworkRecipe(
            name=f"{origin.name}_{part}",
            model=MODEL,
            file_name=file_name,
            title=f"{origin.title}, {part}",
            licence=origin.licence,
            members=origin.members,
            build=lambda materials: build(origin.loaded(materials)),
            check=lambda network, materials: check(network, origin.loaded(materials)),
            extra_files=extra_files,
        )

    extra_files = (
        ExtraFile("tokenizer.json", lambda materials: origin.loaded(materials).tokenizer.encode()),
        ExtraFile("finder.json", lambda materials: _profile(origin.loaded(materials))),
    )
    return (
        recipe("text", "text_encoder.onnx", _build_text, _check_text, extra_files),
        recipe("vision", "vision.onnx", _build_vision, _check_vision),
        recipe("masks", "mask_decoder.onnx", _build_masks, _check_masks),
    )


def _build_text(made: FinderNetwork) -> "onnx.ModelProto":
    from visgate_export.networks.clipseg import text_graph

    return text_graph(made.network)


def _build_vision(made: FinderNetwork) -> "onnx.ModelProto":
    from visgate_export.networks.clipseg import vision_graph

    return vision_graph(made.network, made.pictures)


def _build_masks(made: FinderNetwork) -> "onnx.ModelProto":
    from visgate_export.networks.clipseg import mask_graph

    return mask_graph(made.network, made.pictures)


def _check_text(network: Path, made: FinderNetwork) -> ParityReport:
    """Against transformers' own text features, text by text."""
    import numpy as np
    import torch

    from visgate_export.parity import compare, pytorch_doing, row_by_row

    def evaluate(inputs: "Inputs") -> "Outputs":
        with torch.inference_mode():
            features = made.network.clip.get_text_features(torch.from_numpy(inputs["input_ids"]))
        return {"embedding": features.pooler_output.numpy()}

    ids = np.array(made.ids(_TEXTS), np.int64)
    return compare(
        network,
        row_by_row(evaluate),
        pytorch_doing(_REFERENCE),
        [{"input_ids": ids[:1]}, {"input_ids": ids}],
        {"embedding": 1e-4},
    )


def _check_vision(network: Path, made: FinderNetwork) -> ParityReport:
    """Against the hidden states that transformers' own vision model tells, pictures prepared in NumPy."""
    import torch

    from visgate_export.parity import compare, pytorch_doing, row_by_row
    from visgate_export.recipes.picture_batches import prepared, sample_batches

    def evaluate(inputs: "Inputs") -> "Outputs":
        pixels = torch.from_numpy(prepared(inputs["image"], made.pictures))
        with torch.inference_mode():
            states = made.network.clip.vision_model(pixels, output_hidden_states=True).hidden_states
        kept = [states[layer + 1] for layer in made.network.config.extract_layers]
        return {"activations": torch.stack(kept, dim=1).numpy()}

    return compare(
        network, row_by_row(evaluate), pytorch_doing(_REFERENCE), sample_batches(made.pictures), {"activations": 1e-3}
    )


def _check_masks(network: Path, made: FinderNetwork) -> ParityReport:
    """Against transformers' whole forward pass, from the pictures and the texts to the masks."""
    import numpy as np
    import torch

    from visgate_export.parity import compare, pytorch_doing, row_by_row
    from visgate_export.recipes.picture_batches import prepared, sample_batches

    ids = np.array(made.ids(_TEXTS), np.int64)
    pictures = [prepared(batch["image"], made.pictures) for batch in sample_batches(made.pictures)]
    batches, whole = [], {}
    with torch.inference_mode():
        for pixels in pictures:
            texts = torch.from_numpy(ids[: len(pixels)])
            states = made.network.clip.vision_model(torch.from_numpy(pixels), output_hidden_states=True).hidden_states
            kept = [states[layer + 1] for layer in made.network.config.extract_layers]
            embedding = made.network.clip.get_text_features(texts).pooler_output.numpy()
            batches.append({"activations": torch.stack(kept, dim=1).numpy(), "embedding": embedding})
            for row, (text, picture) in enumerate(zip(texts, torch.from_numpy(pixels), strict=True)):
                logits = made.network(input_ids=text[None], pixel_values=picture[None]).logits
                whole[batches[-1]["activations"][row].tobytes()] = logits.sigmoid().numpy()

    def evaluate(inputs: "Inputs") -> "Outputs":
        return {"mask": whole[inputs["activations"][0].tobytes()]}

    return compare(network, row_by_row(evaluate), pytorch_doing(_REFERENCE), batches, {"mask": 1e-4})


def _profile(made: FinderNetwork) -> bytes:
    begin, end, pad = made.tokens
    entries = {
        "name": made.profile,
        "drawn_only": made.drawn_only,
        "side": made.pictures.height,
        "text_length": made.text_length,
        "begin_token": begin,
        "end_token": end,
        "pad_token": pad,
        "threshold": made.threshold,
        "least_share": 0.003,
        "words": list(made.words),
    }
    return (json.dumps(entries, ensure_ascii=False, indent=1) + "\n").encode()


def _load_pocket(weights: Path) -> FinderNetwork:
    from visgate_export.pocket.finding.architecture import INPUT_SIDE
    from visgate_export.pocket.finding.weights import load_finder
    from visgate_export.pocket.objects import OBJECT_NAMES
    from visgate_export.pocket.tokenizer import BEGIN_TOKEN, END_TOKEN

    half = (0.5, 0.5, 0.5)
    network = load_finder(weights.parent)
    network.set_attn_implementation("eager")
    return FinderNetwork(
        profile="pocket",
        network=network,
        pictures=PictureRules(INPUT_SIDE, INPUT_SIDE, half, half),
        tokenizer=(weights.parent / "tokenizer.json").read_text(encoding="utf-8"),
        tokens=(BEGIN_TOKEN, END_TOKEN, END_TOKEN),
        drawn_only=True,
        threshold=0.5,
        words=OBJECT_NAMES,
    )


def _load_full(folder: Path) -> FinderNetwork:
    import torch
    from transformers import CLIPSegForImageSegmentation, CLIPTokenizer, logging

    from visgate_export.checkpoints import read_picture_rules

    logging.disable_progress_bar()
    network = CLIPSegForImageSegmentation.from_pretrained(
        folder, dtype=torch.float32, use_safetensors=True, local_files_only=True, attn_implementation="eager"
    )
    tokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    backend = tokenizer.backend_tokenizer
    backend.no_padding()
    backend.no_truncation()
    return FinderNetwork(
        profile="full",
        network=network.eval().requires_grad_(False),
        pictures=read_picture_rules(folder),
        tokenizer=backend.to_str(),
        tokens=(tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id),
        drawn_only=False,
        threshold=0.4,
        words=(),
    )


def full_recipes(weights: Path | None) -> tuple[NetworkRecipe, ...]:
    """GroundingDINO and SAM; where `weights` lacks them, CLIPSeg as it was trained on photos; else nothing."""
    if grounded := grounded_finding.full_recipes(weights):
        return grounded
    if not CLIPSEG.is_there(weights):
        return ()
    return _recipes(
        NetworkOrigin("clipseg_full", "CLIPSeg rd64 refined", CLIPSEG.licence, (CLIPSEG.member(weights),), _load_full)
    )


def pocket_recipes(folder: Path = WEIGHTS) -> tuple[NetworkRecipe, ...]:
    """This project's own network, whose weights and vocabulary lie in `folder`."""
    source = FolderSource("visgate's own weights", folder)
    members = (source.member("object_finding.safetensors"), source.member("tokenizer.json"))
    return _recipes(NetworkOrigin("clipseg_pocket", "Pocket CLIPSeg", "Apache-2.0", members, _load_pocket))


RECIPES = pocket_recipes()
