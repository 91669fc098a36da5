"""Cuts BLIP into the three pieces that the server runs: look, read the question, say the next word.

The caches of transformers are Python objects that grow as they are used, which no graph can hold. Here the keys and
values of what the decoder has said come in and go out as tensors, and those of what it looks at are computed once.
The arithmetic in between is done by the network's own layers.
"""

import math

import torch
from torch import nn
from transformers import BlipForConditionalGeneration, BlipForQuestionAnswering
from transformers.models.blip.modeling_blip_text import BlipTextLayer, BlipTextLMHeadModel, BlipTextSelfAttention

from visgate_export.checkpoints import PictureRules

_HIDDEN = -1e9
"""Added to the score of what must not be attended to."""


class PictureInput(nn.Module):  # type: ignore[misc]  # torch is not type-checked here
    """`image` uint8 [N,H,W,3], 0–255 → float32 [N,3,H,W], mean and deviation taken out."""

    def __init__(self, rules: PictureRules) -> None:
        super().__init__()
        mean, std = torch.tensor(rules.mean), torch.tensor(rules.std)
        self.scale = nn.Buffer((1 / (255 * std)).view(1, 3, 1, 1))
        self.offset = nn.Buffer((-mean / std).view(1, 3, 1, 1))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image.permute(0, 3, 1, 2).float() * self.scale + self.offset


class Memory(nn.Module):  # type: ignore[misc]
    """What a decoder may attend to, [N,T,width] → its keys and values for every layer, [N,layers,heads,T,depth]."""

    def __init__(self, decoder: BlipTextLMHeadModel) -> None:
        super().__init__()
        self.layers = decoder.bert.encoder.layer

    def forward(self, seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        attentions = [layer.crossattention.self for layer in self.layers]
        keys = [_split(attention, attention.key(seen)).transpose(1, 2) for attention in attentions]
        values = [_split(attention, attention.value(seen)).transpose(1, 2) for attention in attentions]
        return torch.stack(keys, 1), torch.stack(values, 1)


class CaptionLooker(nn.Module):  # type: ignore[misc]
    """`image` → `seen_keys`, `seen_values` [N,layers,heads,T,depth]: all that a caption is made from."""

    def __init__(self, network: BlipForConditionalGeneration, rules: PictureRules) -> None:
        super().__init__()
        self.pixels = PictureInput(rules)
        self.vision = network.vision_model
        self.memory = Memory(network.text_decoder)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        memory: tuple[torch.Tensor, torch.Tensor] = self.memory(
            self.vision(pixel_values=self.pixels(image)).last_hidden_state
        )
        return memory


class Looker(nn.Module):  # type: ignore[misc]
    """`image` → `picture` [N,T,width], for a question to look at."""

    def __init__(self, network: BlipForQuestionAnswering, rules: PictureRules) -> None:
        super().__init__()
        self.pixels = PictureInput(rules)
        self.vision = network.vision_model

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        seen: torch.Tensor = self.vision(pixel_values=self.pixels(image)).last_hidden_state
        return seen


class QuestionReader(nn.Module):  # type: ignore[misc]
    """`picture`, `question` int64 [N,Q], `known` bool [N,Q] → `seen_keys`, `seen_values` [N,layers,heads,Q,depth].

    `known` is False where a question is padded.
    """

    def __init__(self, network: BlipForQuestionAnswering) -> None:
        super().__init__()
        self.embeddings = network.text_encoder.embeddings
        self.layers = network.text_encoder.encoder.layer
        self.memory = Memory(network.text_decoder)

    def forward(
        self, picture: torch.Tensor, question: torch.Tensor, known: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        state = self.embeddings(input_ids=question)
        mask = _mask(known)
        for layer in self.layers:
            state = layer(state, encoder_hidden_states=picture, attention_mask=mask)
        memory: tuple[torch.Tensor, torch.Tensor] = self.memory(state)
        return memory


class NextWord(nn.Module):  # type: ignore[misc]
    """One step of the decoder, for B beams of each of N rows.

    `token` int64 [N,B], `position` int64 [N] (the token's, from 0), `past_keys`, `past_values`
    [N,B,layers,heads,P,depth], `seen_keys`, `seen_values` [N,layers,heads,T,depth], `seen` bool [N,T] (False for
    padding) →
    `log_probabilities` [N,B,vocabulary] of the token after, `keys`, `values` [N,B,layers,heads,P+1,depth].

    Beams of one row attend to the same picture: they are queries of one attention, and its keys are never repeated.
    """

    def __init__(self, decoder: BlipTextLMHeadModel) -> None:
        super().__init__()
        self.embeddings = decoder.bert.embeddings
        self.layers = decoder.bert.encoder.layer
        self.head = decoder.cls

    def forward(
        self,
        token: torch.Tensor,
        position: torch.Tensor,
        past_keys: torch.Tensor,
        past_values: torch.Tensor,
        seen_keys: torch.Tensor,
        seen_values: torch.Tensor,
        seen: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        words = self.embeddings.word_embeddings(token)
        state = self.embeddings.LayerNorm(words + self.embeddings.position_embeddings(position)[:, None])
        mask = _mask(seen)
        keys, values = [], []
        for index, layer in enumerate(self.layers):
            own_keys, own_values = _with_new(layer, state, past_keys[:, :, index], past_values[:, :, index])
            state = _attend_to_own(layer, state, own_keys, own_values)
            state = _attend_to_seen(layer, state, seen_keys[:, index], seen_values[:, index], mask)
            state = layer.feed_forward_chunk(state)
            keys.append(own_keys)
            values.append(own_values)
        return self.head(state).log_softmax(-1), torch.stack(keys, 2), torch.stack(values, 2)


def _with_new(
    layer: BlipTextLayer, state: torch.Tensor, past_keys: torch.Tensor, past_values: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Keys and values [N,B,heads,P+1,depth] of all tokens, the one at hand last."""
    attention = layer.attention.self
    key, value = (_split(attention, made(state)).unsqueeze(3) for made in (attention.key, attention.value))
    return torch.cat((past_keys, key), 3), torch.cat((past_values, value), 3)


def _attend_to_own(layer: BlipTextLayer, state: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    attention = layer.attention.self
    query = _split(attention, attention.query(state)).unsqueeze(3)
    context = _attend(query, keys, values, None).squeeze(3).flatten(2)
    attended: torch.Tensor = layer.attention.output(context, state)
    return attended


def _attend_to_seen(
    layer: BlipTextLayer, state: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    attention = layer.crossattention.self
    query = _split(attention, attention.query(state)).transpose(1, 2)
    context = _attend(query, keys, values, mask).transpose(1, 2).flatten(2)
    attended: torch.Tensor = layer.crossattention.output(context, state)
    return attended


def _attend(query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    scores = query @ keys.transpose(-1, -2) / math.sqrt(query.shape[-1])
    return (scores if mask is None else scores + mask).softmax(-1) @ values


def _mask(known: torch.Tensor) -> torch.Tensor:
    """What is added to scores [N,heads,queries,T]."""
    return (~known).float()[:, None, None] * _HIDDEN


def _split(attention: BlipTextSelfAttention, states: torch.Tensor) -> torch.Tensor:
    """[..., width] → [..., heads, depth]."""
    return states.unflatten(-1, (attention.num_attention_heads, attention.attention_head_size))
