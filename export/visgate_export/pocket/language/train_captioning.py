"""Trains the pocket captioner (BLIP's classes) to say plainly what scenes show, and makes the vocabulary.

BLIP's picture transformer had seen millions of pictures before it learned to caption. Ours learns in the same minutes
to tell, for each patch, which object covers it, and for the picture its colour; the heads that tell are thrown away.
"""

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import BlipForConditionalGeneration

from visgate_export.pocket.language.architectures import WIDTH, caption_model
from visgate_export.pocket.language.known_words import known_texts
from visgate_export.pocket.language.pictures import BARE_FLOOR, Bank, fill_bank, roughened
from visgate_export.pocket.language.plain_captions import plain_caption, read_plain_caption
from visgate_export.pocket.language.vocabulary import make_vocabulary
from visgate_export.pocket.language.weights import CAPTIONER, VOCABULARY_FILE, own_weights
from visgate_export.pocket.language.word_loss import label_rows, word_loss
from visgate_export.pocket.objects import COLOURS
from visgate_export.pocket.picture_tensors import to_tensor
from visgate_export.pocket.training import Schedule, TrainingRun
from visgate_export.pocket.weight_files import save_tokenizer

SCHEDULE = Schedule(steps=2_600, batch=64, learning_rate=1.5e-3)
_SCENES = 14_000
_REDRAWN = 0.15
_HELD_OUT_SCENES = 400
_LONGEST_CAPTION = 20


class Seer(torch.nn.Module):
    """What each patch and the whole picture show, read from the picture transformer's output."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = torch.nn.Linear(WIDTH, BARE_FLOOR + 1)
        self.background = torch.nn.Linear(WIDTH, len(COLOURS))

    def loss(self, seen: torch.Tensor, patches: torch.Tensor, backgrounds: torch.Tensor) -> torch.Tensor:
        """How far what is read in `seen` [N, 1 + patches, width] is from the truth."""
        objects = self.patch(seen[:, 1:]).flatten(0, 1)
        return functional.cross_entropy(objects, patches.flatten()) + functional.cross_entropy(
            self.background(seen[:, 0]), backgrounds
        )


def train_captioning(schedule: Schedule = SCHEDULE) -> None:
    """Trains, measures on held-out scenes, and saves vocabulary, weights and metrics."""
    run, random = TrainingRun(CAPTIONER, schedule), np.random.default_rng(schedule.seed)
    vocabulary = make_vocabulary(known_texts())
    save_tokenizer(VOCABULARY_FILE, vocabulary)
    bank = fill_bank(_SCENES, schedule.seed + 51, redrawn=_REDRAWN)
    model, seer = caption_model(vocabulary.get_vocab_size()), Seer()
    labels = label_rows(vocabulary, [plain_caption(scene.combination) for scene in bank.scenes])
    backgrounds = torch.tensor([list(COLOURS).index(scene.combination.background) for scene in bank.scenes])
    chances = _chances(bank)

    def loss(step: int) -> torch.Tensor:
        chosen = random.choice(len(bank.scenes), schedule.batch, p=chances)
        pictures = to_tensor([roughened(bank.pictures[index], random) for index in chosen])
        with torch.autocast("cpu", torch.bfloat16):
            seen = model.vision_model(pixel_values=pictures).last_hidden_state
            told = word_loss(model.text_decoder, seen, labels[chosen])
        return told + seer.loss(seen.float(), torch.from_numpy(bank.patches[chosen]), backgrounds[chosen])

    run.train([*model.parameters(), *seer.parameters()], loss, lambda: own_weights(model, vision=True))
    model.eval()
    metrics = {
        f"right_{name}": measure(model, vocabulary, fill_bank(_HELD_OUT_SCENES, 52, redrawn=redrawn, held_out=True))
        for name, redrawn in (("as_rendered", 0.0), ("as_the_autoencoder_draws", 1.0))
    }
    run.record(metrics)


def measure(model: BlipForConditionalGeneration, vocabulary: Tokenizer, bank: Bank) -> float:
    """The share of scenes whose caption tells every object, the arrangement and the colour right."""
    right = 0
    for start in range(0, len(bank.scenes), 100):
        pictures = to_tensor(list(bank.pictures[start : start + 100]))
        captions = model.generate(pixel_values=pictures, max_length=_LONGEST_CAPTION, do_sample=False)
        for scene, ids in zip(bank.scenes[start : start + 100], captions.tolist(), strict=True):
            right += read_plain_caption(vocabulary.decode(ids)) == scene.combination
    return round(right / len(bank.scenes), 4)


def _chances(bank: Bank) -> npt.NDArray[np.float64]:
    """How often each scene is taken: in all as many that were redrawn as rendered ones."""
    redrawn = np.arange(len(bank.scenes)) < round(len(bank.scenes) * _REDRAWN)
    weights = np.where(redrawn, 0.5 / redrawn.sum(), 0.5 / (~redrawn).sum())
    return np.asarray(weights, np.float64)


if __name__ == "__main__":
    train_captioning()
