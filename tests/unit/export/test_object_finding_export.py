"""CLIPSeg's three graphs together equal transformers' forward pass, for the pocket network and for a full one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import CLIPSegConfig, CLIPSegForImageSegmentation, CLIPTokenizer

from visgate_export.parity import open_session
from visgate_export.pocket.finding.architecture import INPUT_SIDE, MASK_SIDE, TEXT_LENGTH, finder
from visgate_export.pocket.finding.tokens import text_tokens
from visgate_export.pocket.tokenizer import END_TOKEN
from visgate_export.pocket.weight_folder import WEIGHTS
from visgate_export.pocket.weights import load_tokenizer
from visgate_export.recipe import Materials, NetworkRecipe
from visgate_export.recipes import object_finding
from visgate_export.sample_pictures import photographs
from visgate_server.object_finding.text_finder import TextFinder

from .diffusion.random_weights import randomised

SIDE = 64
TEXTS = ["a cat", "the red apple on the left"]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `save_pretrained` writes for a CLIPSeg, tiny, whose pictures are larger than its position embeddings."""
    folder = tmp_path_factory.mktemp("weights") / "clipseg-rd64-refined"
    tokenizer = load_tokenizer()
    model = json.loads(tokenizer.to_str())["model"]
    config = CLIPSegConfig(
        text_config={
            "vocab_size": tokenizer.get_vocab_size(),
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "eos_token_id": END_TOKEN,
        },
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 4,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 16,
        },
        projection_dim=12,
        extract_layers=[0, 1, 2],
        reduce_dim=8,
        decoder_num_attention_heads=2,
        decoder_intermediate_size=16,
        use_complex_transposed_convolution=True,
    )
    randomised(CLIPSegForImageSegmentation(config)).save_pretrained(folder)
    vocabulary = CLIPTokenizer(
        vocab=model["vocab"], merges=[tuple(pair) for pair in model["merges"]], model_max_length=77
    )
    vocabulary.save_pretrained(folder)
    rules = {"size": {"height": SIDE, "width": SIDE}, "image_mean": [0.48, 0.45, 0.4], "image_std": [0.22, 0.23, 0.24]}
    (folder / "preprocessor_config.json").write_text(json.dumps(rules))
    return folder


def build(recipes: tuple[NetworkRecipe, ...], folder: Path) -> Materials:
    """Builds and checks every network of a profile."""
    materials = Materials({member: member.source.folder / member.path for member in recipes[0].members})
    for recipe in recipes:
        path = folder / recipe.file_name
        path.write_bytes(recipe.build(materials).SerializeToString())
        report = recipe.check(path, materials)
        report.require()
        for extra in recipe.extra_files:
            (folder / extra.file_name).write_bytes(extra.build(materials))
    return materials


def masks(folder: Path, pictures: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The three graphs one after the other."""
    (activations,) = open_session(folder / "vision.onnx").run(None, {"image": pictures})
    (embedding,) = open_session(folder / "text_encoder.onnx").run(None, {"input_ids": ids})
    feeds = {"activations": activations, "embedding": embedding}
    (found,) = open_session(folder / "mask_decoder.onnx").run(None, feeds)
    return found


def test_a_full_clipseg_is_exported_as_transformers_computes_it(full: Path, tmp_path: Path) -> None:
    build(object_finding.full_recipes(full.parent), tmp_path)
    profile = json.loads((tmp_path / "finder.json").read_text())
    assert (profile["side"], profile["text_length"], profile["drawn_only"]) == (SIDE, 77, False)
    network = CLIPSegForImageSegmentation.from_pretrained(full).eval()
    tokenizer = CLIPTokenizer.from_pretrained(full)
    encoded = tokenizer(TEXTS, padding="max_length", return_tensors="pt")
    pictures = photographs(SIDE, SIDE, 2)
    pixels = (pictures / 255 - np.array([0.48, 0.45, 0.4])) / np.array([0.22, 0.23, 0.24])
    with torch.inference_mode():
        logits = network(**encoded, pixel_values=torch.from_numpy(pixels.transpose(0, 3, 1, 2)).float()).logits
    expected = logits.sigmoid().numpy()
    assert expected.std() > 0.01, "masks this flat would agree by themselves"
    np.testing.assert_allclose(masks(tmp_path, pictures, encoded["input_ids"].numpy()), expected, atol=1e-4)
    served = TextFinder(tmp_path)  # with the server's own reading of the tokenizer and the profile
    np.testing.assert_allclose(served.masks(served.look(pictures), served.embed(TEXTS)), expected, atol=1e-4)


def test_the_pocket_finder_is_exported_as_transformers_computes_it(tmp_path: Path) -> None:
    """With random weights, so that it does not depend on what was trained."""
    tokenizer = load_tokenizer()
    network = randomised(finder(tokenizer.get_vocab_size()))
    weights = tmp_path / "weights"
    weights.mkdir()
    save_file(
        {name: value.half().contiguous() for name, value in network.state_dict().items()},
        weights / "object_finding.safetensors",
    )
    (weights / "tokenizer.json").write_bytes((WEIGHTS / "tokenizer.json").read_bytes())
    network.load_state_dict({name: value.half().float() for name, value in network.state_dict().items()})
    build(object_finding.pocket_recipes(weights), tmp_path)
    pictures = photographs(INPUT_SIDE, INPUT_SIDE, 2)
    ids = text_tokens(tokenizer, TEXTS)
    pixels = torch.from_numpy(pictures.transpose(0, 3, 1, 2)).float() / 127.5 - 1
    with torch.inference_mode():
        expected = network(input_ids=ids, pixel_values=pixels).logits.sigmoid().numpy()
    found = masks(tmp_path, pictures, ids.numpy())
    assert ids.shape == (2, TEXT_LENGTH)
    assert found.shape == (2, MASK_SIDE, MASK_SIDE)
    assert expected.std() > 0.02
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_folder_without_the_checkpoint_offers_no_recipe(tmp_path: Path) -> None:
    assert object_finding.full_recipes(tmp_path) == ()
    assert object_finding.full_recipes(None)[0].members[0].source.repository == "IDEA-Research/grounding-dino-tiny"
