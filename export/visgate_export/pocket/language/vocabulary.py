"""Makes the pocket networks' vocabulary: the words of plain captions, questions and answers; reads no text itself.

It is BERT's tokenizer, as BLIP's is (lower case, split at spaces and punctuation, marks round a text), with whole words
and no pieces: a word that is not known becomes one mark that says so.
"""

import re
from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

PADDING, UNKNOWN, ENCODE, END, BEGIN = "[PAD]", "[UNK]", "[ENC]", "[SEP]", "[DEC]"
"""BLIP's marks: `ENCODE` opens a question, `BEGIN` an answer or a caption, `END` closes any of them."""
PADDING_TOKEN, UNKNOWN_TOKEN, ENCODE_TOKEN, END_TOKEN, BEGIN_TOKEN = range(5)
_MARKS = (PADDING, UNKNOWN, ENCODE, END, BEGIN)
_WORD = re.compile(r"[a-z0-9]+")
_PUNCTUATION = r"[^\p{L}\p{N}\s]+"


def make_vocabulary(texts: Iterable[str]) -> Tokenizer:
    """A tokenizer that knows every word of `texts`, in alphabetical order."""
    words = sorted({word for text in texts for word in _WORD.findall(text.lower())})
    vocabulary = {word: index for index, word in enumerate((*_MARKS, *words))}
    tokenizer = Tokenizer(models.WordPiece(vocab=vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    # Punctuation says nothing in these questions: it is a border between words and no word itself.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(pattern=Regex(_PUNCTUATION), behavior="removed"), pre_tokenizers.BertPreTokenizer()]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{ENCODE} $A {END}", special_tokens=[(ENCODE, ENCODE_TOKEN), (END, END_TOKEN)]
    )
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    tokenizer.add_special_tokens(list(_MARKS))  # so that decoding leaves them out
    return tokenizer
