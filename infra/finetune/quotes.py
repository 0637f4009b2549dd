"""Answers in the documents' own words: the sentence of a gold passage that holds the short answer.

A model of this size copies a sentence more surely than it picks two words, and a short answer teaches three or four
tokens a question where a sentence teaches twenty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pysbd import Segmenter

from .data import Record, holds, normalise
from .prompt import Prompt

# Clauses start behind these; a sentence that is too long is cut there.
CLAUSE = re.compile(r"(?<=[,;:])\s+|(?<=[—–(])\s*|\s+(?=(?:and|but|which|who|where|when|while|after|before|because)\b)")
TOO_COMMON = frozenset(
    "of in on at to by for from with and or is are was were be been did does do has have had what which who "
    "whom whose when where why how many much name that this it its as first".split()
)


def quote(record: Record, prompt: Prompt, segmenter: Segmenter, most: int) -> str:
    """The sentence, or the part of it around the answer, of at most `most` tokens with the one that ends it.

    Where no gold passage holds an answer word for word ("yes"), the short answer.
    """
    question = words(record.question)
    found: list[tuple[int, str, str]] = []
    # Yes and no are answers about the texts, not in them.
    if normalise(record.answer) not in ("yes", "no"):
        for answer in (record.answer, *record.answers):
            found = [
                (len(question & words(sentence)), sentence, answer)
                for passage in record.gold
                for sentence in segmenter.segment(passage.text)
                if holds(sentence, answer)
            ]
            if found:
                break
    # Of equals the first.
    for _, sentence, answer in sorted(found, key=lambda each: -each[0]):
        part = cut(sentence.strip(), answer, prompt, most)
        if part is not None:
            return part
    return record.answer


def cut(sentence: str, answer: str, prompt: Prompt, most: int) -> str | None:
    """The longest run of clauses that holds the answer and fits; None where the clause of the answer is too long."""
    starts = [0, *(match.end() for match in CLAUSE.finditer(sentence))]
    ends = [*(match.start() for match in CLAUSE.finditer(sentence)), len(sentence)]
    for start in starts:
        for end in reversed(ends):
            part = sentence[start:end].rstrip(" ,;:—–(")
            if end <= start or not holds(part, answer):
                break
            if len(prompt.answer(part)) <= most:
                return part
    return None


def words(text: str) -> set[str]:
    """The words of a text that say something, without their plural or tense."""
    return {word[:6] for word in normalise(text).split() if word not in TOO_COMMON}


def quotes(records: list[Record], prompt: Prompt, most: int) -> Iterator[dict]:
    """Lines of {id, answer}, as `train --answers` reads them."""
    segmenter = Segmenter(language="en", clean=False)
    for record in records:
        yield {"id": record.id, "answer": quote(record, prompt, segmenter, most)}
