"""Trains the pocket answerer (BLIP's classes) to answer questions about scenes; it sees with the captioner's eyes.

The picture transformer is the captioner's, unchanged: it has learned all that is asked for. So every picture is looked
at once, in advance, and training is about language alone.
"""

from collections.abc import Sequence

import numpy as np
import torch
from rich.progress import track
from tokenizers import Tokenizer
from transformers import BlipForQuestionAnswering

from visgate_export.pocket.language.architectures import LONGEST_TEXT, answer_model
from visgate_export.pocket.language.pictures import fill_bank, roughened
from visgate_export.pocket.language.question_wordings import HELD_OUT, TRAINING, QuestionWordings
from visgate_export.pocket.language.questions import ask
from visgate_export.pocket.language.vocabulary import PADDING_TOKEN, UNKNOWN_TOKEN
from visgate_export.pocket.language.weights import ANSWERER, load_captioner, load_vocabulary, own_weights
from visgate_export.pocket.language.word_loss import label_rows, word_loss
from visgate_export.pocket.picture_tensors import to_tensor
from visgate_export.pocket.scenes import Scene
from visgate_export.pocket.training import Schedule, TrainingRun

SCHEDULE = Schedule(steps=3_000, batch=128, learning_rate=1.5e-3)
_SCENES = 10_000
_REDRAWN = 0.2
_HELD_OUT_QUESTIONS = 1_000
_STRANGE_WORDS = 0.05
"""Share of questions that have a word that is not known, somewhere."""
_LONGEST_ANSWER = 12


def train_answering(schedule: Schedule = SCHEDULE) -> None:
    """Trains, measures on held-out scenes, and saves weights and metrics."""
    run, random = TrainingRun(ANSWERER, schedule), np.random.default_rng(schedule.seed)
    vocabulary = load_vocabulary()
    model = answer_model(vocabulary.get_vocab_size())
    model.vision_model.load_state_dict(load_captioner().vision_model.state_dict())
    model.vision_model.requires_grad_(False)
    shown, seen = _look(model, _SCENES, schedule.seed + 61)

    def loss(step: int) -> torch.Tensor:
        chosen = random.integers(len(shown), size=schedule.batch)
        questions = [ask(shown[index].combination, random) for index in chosen]
        ids, known = question_rows(vocabulary, [question.text for question in questions], random)
        with torch.autocast("cpu", torch.bfloat16):
            read = model.text_encoder(
                input_ids=ids, attention_mask=known, encoder_hidden_states=seen[chosen].float()
            ).last_hidden_state
            answers = label_rows(vocabulary, [question.answer for question in questions])
            return word_loss(model.text_decoder, read, answers, known)

    learned = [*model.text_encoder.parameters(), *model.text_decoder.parameters()]
    run.train(learned, loss, lambda: own_weights(model, vision=False))
    model.eval()
    metrics = {
        f"right_in_{name}": measure(model, vocabulary, wordings)
        for name, wordings in (("trained_wordings", TRAINING), ("wordings_never_read", HELD_OUT))
    }
    run.record(metrics)


def question_rows(
    vocabulary: Tokenizer, texts: Sequence[str], random: np.random.Generator | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Questions as int64 [N, longest] tokens and the mask of those that are no padding.

    Args:
        vocabulary: from `load_vocabulary`.
        texts: the questions.
        random: puts strange words into some of them; None leaves them as they are.
    """
    rows = [encoded.ids[:LONGEST_TEXT] for encoded in vocabulary.encode_batch(list(texts))]
    for row in rows if random is not None else ():
        if random is not None and random.random() < _STRANGE_WORDS and len(row) < LONGEST_TEXT:
            row.insert(int(random.integers(1, len(row))), UNKNOWN_TOKEN)
    ids = torch.full((len(rows), max(map(len, rows))), PADDING_TOKEN)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row)
    return ids, (ids != PADDING_TOKEN).long()


@torch.no_grad()
def measure(model: BlipForQuestionAnswering, vocabulary: Tokenizer, wordings: QuestionWordings) -> float:
    """The share of questions about held-out scenes that are answered right, half of the pictures redrawn."""
    random, right = np.random.default_rng(62), 0
    bank = fill_bank(_HELD_OUT_QUESTIONS // 2, 63, redrawn=0.5, held_out=True)
    for start in range(0, _HELD_OUT_QUESTIONS, 100):
        chosen = [index % len(bank.scenes) for index in range(start, start + 100)]
        questions = [ask(bank.scenes[index].combination, random, wordings) for index in chosen]
        ids, known = question_rows(vocabulary, [question.text for question in questions])
        pictures = to_tensor([bank.pictures[index] for index in chosen])
        right += sum(
            answer == question.answer
            for answer, question in zip(_answers(model, vocabulary, pictures, ids, known), questions, strict=True)
        )
    return round(right / _HELD_OUT_QUESTIONS, 4)


def _answers(
    model: BlipForQuestionAnswering,
    vocabulary: Tokenizer,
    pictures: torch.Tensor,
    ids: torch.Tensor,
    known: torch.Tensor,
) -> list[str]:
    """As `BlipForQuestionAnswering.generate`, which lets answers attend to the padding of questions."""
    text = model.config.text_config
    seen = model.vision_model(pixel_values=pictures).last_hidden_state
    read = model.text_encoder(input_ids=ids, attention_mask=known, encoder_hidden_states=seen).last_hidden_state
    said = model.text_decoder.generate(
        input_ids=torch.full((len(ids), 1), text.bos_token_id),
        eos_token_id=text.sep_token_id,
        pad_token_id=text.pad_token_id,
        encoder_hidden_states=read,
        encoder_attention_mask=known,
        max_length=_LONGEST_ANSWER,
        do_sample=False,
    )
    return [str(vocabulary.decode(row)) for row in said.tolist()]


@torch.no_grad()
def _look(model: BlipForQuestionAnswering, count: int, seed: int) -> tuple[list[Scene], torch.Tensor]:
    """Scenes, and what the picture transformer makes of their roughened pictures: fp16 [count, 1 + patches, width]."""
    bank, random = fill_bank(count, seed, redrawn=_REDRAWN), np.random.default_rng(seed)
    seen = []
    for start in track(range(0, count, 256), "looking at scenes"):
        pictures = to_tensor([roughened(picture, random) for picture in bank.pictures[start : start + 256]])
        with torch.autocast("cpu", torch.bfloat16):
            seen.append(model.vision_model(pixel_values=pictures).last_hidden_state.half())
    return bank.scenes, torch.cat(seen)


if __name__ == "__main__":
    train_answering()
