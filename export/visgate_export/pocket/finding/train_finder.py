"""Trains the pocket finder on scenes and texts, and measures it on held-out ones.

CLIPSeg reads a frozen CLIP. There is none here, so that both towers learn along with the decoder, helped by two heads
that are thrown away: one reads the kinds of object from a text, the other from every patch of a picture.
"""

from itertools import islice

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional
from transformers import CLIPSegForImageSegmentation

from visgate_export.pocket.finding.architecture import PATCH, PROJECTION_WIDTH, VISION_WIDTH, finder
from visgate_export.pocket.finding.finding_quality import enlarged, measure
from visgate_export.pocket.finding.pictures import MaskedPicture, drawn, rendered, varied
from visgate_export.pocket.finding.queries import Query, QueryWriter
from visgate_export.pocket.finding.tokens import text_tokens
from visgate_export.pocket.finding.weights import NAME
from visgate_export.pocket.objects import OBJECT_NAMES
from visgate_export.pocket.picture_tensors import to_tensor
from visgate_export.pocket.training import Schedule, TrainingRun
from visgate_export.pocket.weights import load_tokenizer

SCHEDULE = Schedule(steps=1_700, batch=48, learning_rate=1.5e-3)
_RENDERED, _DRAWN = 9000, 5000
_DRAWN_SHARE = 0.4
_TEXTS = 3
"""Texts a picture: the vision tower looks once, the decoder answers each."""
_HELPERS_WEIGHT = 0.3
_NOTHING = len(OBJECT_NAMES)


class Helpers(torch.nn.Module):
    """Reads kinds of object from what the towers say; thrown away after training."""

    def __init__(self) -> None:
        super().__init__()
        self.of_text = torch.nn.Linear(PROJECTION_WIDTH, len(OBJECT_NAMES))
        self.of_patch = torch.nn.Linear(VISION_WIDTH, len(OBJECT_NAMES) + 1)


def train_finder(schedule: Schedule = SCHEDULE) -> None:
    """Trains, measures, and saves weights and metrics."""
    run = TrainingRun(NAME, schedule)
    tokenizer = load_tokenizer()
    model, helpers = finder(tokenizer.get_vocab_size()), Helpers()
    random = np.random.default_rng(schedule.seed)
    use_plain_attention(model)
    # Rendering anew for each step would cost a third of it.
    banks = list(islice(rendered(schedule.seed + 42), _RENDERED)), drawn(_DRAWN, schedule.seed + 41)
    writer = QueryWriter(random)

    def picture() -> MaskedPicture:
        bank = banks[random.random() < _DRAWN_SHARE]
        return varied(bank[int(random.integers(len(bank)))], random)

    def loss(step: int) -> torch.Tensor:
        batch = [picture() for _ in range(schedule.batch)]
        queries = [query for one in batch for query in _queries(one, writer, random)]
        targets = np.stack([target(batch[row // _TEXTS], query) for row, query in enumerate(queries)])
        with torch.autocast("cpu", torch.bfloat16):
            vision = model.clip.vision_model(to_tensor([one.picture for one in batch]), output_hidden_states=True)
            embeddings = model.clip.get_text_features(
                text_tokens(tokenizer, [query.text for query in queries])
            ).pooler_output
            logits = mask_logits(model, vision.hidden_states, embeddings)
            patches = helpers.of_patch(vision.last_hidden_state[:, 1:])
            names = helpers.of_text(embeddings)
        return _mask_loss(logits.float(), torch.from_numpy(targets)) + _HELPERS_WEIGHT * (
            functional.cross_entropy(patches.float().flatten(0, 1), _patch_labels(batch).flatten())
            + 10 * functional.binary_cross_entropy_with_logits(names.float(), _named(queries))
        )

    run.train([*model.parameters(), *helpers.parameters()], loss, model.state_dict)
    model.eval()
    run.record(measure(model))


def use_plain_attention(model: CLIPSegForImageSegmentation) -> None:
    """The fused kernel's backward pass in bf16 takes as long as all the rest of a step on a CPU."""
    model.set_attn_implementation("eager")
    for layer in model.decoder.layers:  # their configuration is a copy, which the call above does not reach
        layer.self_attn.config._attn_implementation = "eager"


def mask_logits(
    model: CLIPSegForImageSegmentation, hidden_states: tuple[torch.Tensor, ...], embeddings: torch.Tensor
) -> torch.Tensor:
    """The decoder's answers, [N·texts, 32, 32], for pictures seen once and several texts each, picture by picture."""
    texts = len(embeddings) // len(hidden_states[0])
    activations = [hidden_states[layer + 1].repeat_interleave(texts, dim=0) for layer in model.config.extract_layers]
    return model.decoder(activations, embeddings).logits


def target(picture: MaskedPicture, query: Query) -> npt.NDArray[np.float32]:
    """The mask that a text means, float32 [64, 64] of 0 and 1."""
    meant = ~picture.masks.any(axis=0) if query.background else picture.masks[list(query.objects)].any(axis=0)
    return np.asarray(meant, np.float32)


def _queries(picture: MaskedPicture, writer: QueryWriter, random: np.random.Generator) -> list[Query]:
    """Something that is there, something that is not, and either or what several objects are called."""
    combination = picture.combination
    present = writer.present(combination, int(random.integers(len(combination.objects))))
    chance = random.random()
    if chance < 0.3:
        third = writer.collective(combination)
    elif chance < 0.7:
        third = writer.present(combination, len(combination.objects) - 1)
    else:
        third = writer.absent(combination)
    return [present, writer.absent(combination), third]


def _mask_loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of pixels, and the Dice loss (Milletari et al. 2016) of whole masks; an empty mask has one too."""
    logits = enlarged(logits)
    chances = logits.sigmoid()
    overlap = (chances * targets).sum((1, 2))
    dice = 1 - (2 * overlap + 10) / (chances.sum((1, 2)) + targets.sum((1, 2)) + 10)
    return 4 * functional.binary_cross_entropy_with_logits(logits, targets) + dice.mean()


def _patch_labels(batch: list[MaskedPicture]) -> torch.Tensor:
    """The kind of object that most of a patch shows, int64 [N, patches]."""
    labels = np.full((len(batch), *(side // PATCH for side in batch[0].picture.shape[:2])), _NOTHING, np.int64)
    for row, one in enumerate(batch):
        for name, mask in zip(one.combination.objects, one.masks, strict=True):
            rows, columns = labels.shape[1:]
            share = mask.reshape(rows, PATCH, columns, PATCH).mean(axis=(1, 3))
            labels[row][share > 0.5] = OBJECT_NAMES.index(name)
    return torch.from_numpy(labels.reshape(len(batch), -1))


def _named(queries: list[Query]) -> torch.Tensor:
    named = torch.zeros(len(queries), len(OBJECT_NAMES))
    for row, query in enumerate(queries):
        named[row, [OBJECT_NAMES.index(name) for name in query.names]] = 1
    return named


if __name__ == "__main__":
    train_finder()
