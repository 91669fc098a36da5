"""Trains the pocket text encoder to tell what captions say; it sees no pictures.

Stable Diffusion's text encoder was trained on pictures and words before the UNet ever saw it. Ours learns in a few
minutes to say, at the end mark of a caption, which objects it names, which comes first, how they stand and before which
colour. The heads that say so are thrown away; what the UNet attends to is what they read.
"""

import numpy as np
import torch
from torch.nn import functional

from visgate_export.pocket.architectures import TEXT_LENGTH, TEXT_WIDTH, text_encoder
from visgate_export.pocket.captions import HELD_OUT, OMITTED_SHARE, TRAINING, Caption, Said, Wordings, caption
from visgate_export.pocket.objects import COLOURS, OBJECT_NAMES
from visgate_export.pocket.scenes import ARRANGEMENTS, sample_combination
from visgate_export.pocket.tokenizer import END_TOKEN, train_tokenizer
from visgate_export.pocket.training import Schedule, TrainingRun
from visgate_export.pocket.weight_files import save_tokenizer
from visgate_export.pocket.weight_folder import TOKENIZER_FILE

SCHEDULE = Schedule(steps=2_000, batch=128, learning_rate=1e-3)
VOCABULARY_SIZE = 1200
_VOCABULARY_CAPTIONS = 20_000
_HELD_OUT_CAPTIONS = 2000
_UNSAID = -100  # what cross_entropy ignores

_COLOUR_NAMES = (*COLOURS, "none")
_ARRANGEMENT_NAMES = (*ARRANGEMENTS, "none")
_NO_OBJECT = len(OBJECT_NAMES)


class Reader(torch.nn.Module):
    """What a caption says, read from the encoder's output at one place."""

    def __init__(self) -> None:
        super().__init__()
        self.objects = torch.nn.Linear(TEXT_WIDTH, len(OBJECT_NAMES))
        self.first = torch.nn.Linear(TEXT_WIDTH, len(OBJECT_NAMES))
        self.second = torch.nn.Linear(TEXT_WIDTH, len(OBJECT_NAMES) + 1)
        self.arrangement = torch.nn.Linear(TEXT_WIDTH, len(_ARRANGEMENT_NAMES))
        self.background = torch.nn.Linear(TEXT_WIDTH, len(_COLOUR_NAMES))

    def loss(self, state: torch.Tensor, said: "SaidTensors") -> torch.Tensor:
        """How far what is read in `state` [N, width] is from what was said."""
        return (
            10 * functional.binary_cross_entropy_with_logits(self.objects(state), said.objects)
            + functional.cross_entropy(self.first(state), said.first)
            + functional.cross_entropy(self.second(state), said.second)
            + functional.cross_entropy(self.arrangement(state), said.arrangement)
            + functional.cross_entropy(self.background(state), said.background)
        )

    def right(self, state: torch.Tensor, said: "SaidTensors") -> torch.Tensor:
        """Whether everything is read right, a row each."""
        told = {
            "first": (self.first(state).argmax(1), said.first),
            "second": (self.second(state).argmax(1), said.second),
            "arrangement": (self.arrangement(state).argmax(1), said.arrangement),
            "background": (self.background(state).argmax(1), said.background),
        }
        right = ((self.objects(state) > 0) == (said.objects > 0.5)).all(1)
        for read, truth in told.values():
            right &= (read == truth) | (truth == _UNSAID)
        return right


class SaidTensors:
    """What a batch of captions says, as the targets of `Reader`."""

    def __init__(self, batch: list[Said]) -> None:
        self.objects = torch.zeros(len(batch), len(OBJECT_NAMES))
        for row, said in enumerate(batch):
            for name in said.objects:
                self.objects[row, OBJECT_NAMES.index(name)] = 1
        ordered = [said.objects if said.arrangement else () for said in batch]
        self.first = torch.tensor([OBJECT_NAMES.index(names[0]) if names else _UNSAID for names in ordered])
        self.second = torch.tensor([_second(names) for names in ordered])
        self.arrangement = torch.tensor([_ARRANGEMENT_NAMES.index(said.arrangement or "none") for said in batch])
        self.background = torch.tensor([_COLOUR_NAMES.index(said.background or "none") for said in batch])


def train_text_encoder(schedule: Schedule = SCHEDULE) -> None:
    """Makes the vocabulary, trains, measures on held-out captions, and saves weights and metrics."""
    run = TrainingRun("text_encoder", schedule)
    random = np.random.default_rng(schedule.seed)
    texts = (text.text for text in _captions(random, _VOCABULARY_CAPTIONS))
    tokenizer = train_tokenizer(texts, VOCABULARY_SIZE)
    save_tokenizer(TOKENIZER_FILE, tokenizer)
    encoder, reader = text_encoder(tokenizer.get_vocab_size(), END_TOKEN), Reader()

    def states(batch: list[Caption], length: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The encoder's outputs at the end mark and at the last padding."""
        rows = [encoded.ids for encoded in tokenizer.encode_batch([one.text for one in batch])]
        longest = max(length, *(len(row) for row in rows))
        ids = torch.tensor([row + [END_TOKEN] * (longest - len(row)) for row in rows])
        tokens = encoder(input_ids=ids).last_hidden_state
        ends = torch.tensor([len(row) - 1 for row in rows])
        return tokens[torch.arange(len(rows)), ends], tokens[:, -1]

    def loss(step: int) -> torch.Tensor:
        batch = _captions(random, schedule.batch)
        said = SaidTensors([one.said for one in batch])
        # Most captions are short: their padding is only now and then as long as it is when pictures are drawn.
        length = int(random.integers(20, TEXT_LENGTH + 1)) if step % 4 == 0 else 0
        with torch.autocast("cpu", torch.bfloat16):
            at_end, at_padding = states(batch, length)
        return reader.loss(at_end.float(), said) + 0.5 * reader.loss(at_padding.float(), said)

    run.train([*encoder.parameters(), *reader.parameters()], loss, encoder.state_dict)
    encoder.eval()
    metrics = {}
    for name, wordings in (("right_in_trained_wordings", TRAINING), ("right_in_wordings_never_read", HELD_OUT)):
        batch = _captions(
            np.random.default_rng(schedule.seed + 1), _HELD_OUT_CAPTIONS, held_out=True, wordings=wordings
        )
        with torch.no_grad():
            at_end, _ = states(batch, TEXT_LENGTH)
            metrics[name] = round(
                float(reader.right(at_end, SaidTensors([one.said for one in batch])).float().mean()), 4
            )
    run.record(metrics)


def _captions(
    random: np.random.Generator, count: int, *, held_out: bool = False, wordings: Wordings = TRAINING
) -> list[Caption]:
    combinations = (sample_combination(random, held_out=held_out) for _ in range(count))
    return [caption(combination, random, wordings, omit=OMITTED_SHARE) for combination in combinations]


def _second(names: tuple[str, ...]) -> int:
    if not names:
        return _UNSAID
    return OBJECT_NAMES.index(names[1]) if len(names) > 1 else _NO_OBJECT


if __name__ == "__main__":
    train_text_encoder()
