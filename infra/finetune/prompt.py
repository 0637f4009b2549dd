"""The prompt as the product serves it: `blockrag model prompt` writes its frame, and the product its tokenizer."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tokenizers import Regex, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.normalizers import NFC
from tokenizers.pre_tokenizers import ByteLevel, PreTokenizer, Sequence, Split

# How a family cuts text before merging: the same table as shared/model/pre-tokenizers.ts.
WORDS = (
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|DIGITS|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
DIGITS = {"smollm": r"\p{N}", "qwen2": r"\p{N}", "llama-bpe": r"\p{N}{1,3}"}


class Prompt:
    """Texts to token ids, block by block. Text of documents and users never becomes a special token.

    frame: {preface_ids, opening_ids, passage_format, question_format, tail_ids, end_ids}.
    tokenizer: the compiled model's tokenizer.json: {pre, tokens, merges, ...}.
    """

    def __init__(self, frame: dict, tokenizer: dict) -> None:
        self.preface: list[int] = frame["preface_ids"]
        self.opening: list[int] = frame["opening_ids"]
        self.tail: list[int] = frame["tail_ids"]
        self.end: list[int] = frame["end_ids"]
        self._passage_format: str = frame["passage_format"]
        self._question_format: str = frame["question_format"]
        self._bpe = build_tokenizer(tokenizer)
        self._passages: dict[tuple[str, str], list[int]] = {}

    @classmethod
    def load(cls, frame: Path, tokenizer: Path) -> Prompt:
        """Reads both files."""
        return cls(json.loads(frame.read_text("utf-8")), json.loads(tokenizer.read_text("utf-8")))

    def encode(self, text: str) -> list[int]:
        """Token ids of a text in which nothing is special."""
        return self._bpe.encode(text, add_special_tokens=False).ids

    def decode(self, ids: list[int]) -> str:
        """The text of token ids; ending tokens are left out."""
        return self._bpe.decode([i for i in ids if i not in self.end], skip_special_tokens=False)

    def passage(self, title: str, text: str) -> list[int]:
        """A passage's block."""
        key = (title, text)
        if key not in self._passages:
            self._passages[key] = self.encode(_fill(self._passage_format, {"title": title, "text": text}))
        return self._passages[key]

    def question(self, question: str) -> list[int]:
        """The final block: the question and the assistant's header."""
        return self.encode(_fill(self._question_format, {"question": question})) + self.tail

    def chat(self, content: str) -> list[int]:
        """A whole prompt without documents: the user's message between the chat template's parts."""
        return self.opening + self.encode(content) + self.tail

    def answer(self, answer: str) -> list[int]:
        """What the model is to say, with the token that ends it."""
        return self.encode(answer) + [self.end[0]]


def build_tokenizer(file: dict) -> Tokenizer:
    """The byte-pair tokenizer of the product's tokenizer.json, special tokens unknown to it."""
    pre = file["pre"]
    if pre not in DIGITS:
        raise ValueError(f'the tokenizer "{pre}" is not implemented; known are {", ".join(DIGITS)}')
    vocabulary = {token: i for i, token in enumerate(file["tokens"])}
    merges = [tuple(merge.split(" ")) for merge in file["merges"]]
    tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=merges, ignore_merges=pre == "llama-bpe"))
    if pre == "qwen2":
        tokenizer.normalizer = NFC()
    tokenizer.pre_tokenizer = _pre_tokenizer(pre)
    tokenizer.decoder = ByteLevelDecoder()
    return tokenizer


def _pre_tokenizer(pre: str) -> PreTokenizer:
    if pre == "smollm":
        return Sequence(
            [Split(Regex(DIGITS[pre]), "isolated"), ByteLevel(add_prefix_space=False, use_regex=True)]
        )
    words = Regex(WORDS.replace("DIGITS", DIGITS[pre]))
    return Sequence([Split(words, "isolated"), ByteLevel(add_prefix_space=False, use_regex=False)])


def _fill(template: str, values: dict[str, str]) -> str:
    """Fills a template in one pass, so that braces in a value stay text."""
    return re.sub(r"\{(\w+)\}", lambda match: values[match.group(1)], template)
