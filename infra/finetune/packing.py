"""Records packed into training sequences: one context, several questions about it."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from .data import NO_ANSWER, Passage, Record, epoch_order, holds, tells
from .masks import Layout

if TYPE_CHECKING:  # its tokenizer is not needed to sample
    from .prompt import Prompt

# Gold passages of one record that enter a context. Questions of several steps need all of theirs.
MOST_GOLD = 4


@dataclass(frozen=True)
class Mix:
    """How sequences are sampled."""

    max_tokens: int = 1100  # of an ordinary sequence
    long_tokens: int = 2600  # of a long one
    most_passages: int = 10
    long_share: float = 0.1  # 15 to 20 passages of several records
    hard_share: float = 0.05  # one record with all its distractors
    no_answer_share: float = 0.04  # questions whose gold passages are left out
    question_weights: tuple[float, ...] = (0.15, 0.3, 0.3, 0.25)  # of 1, 2, 3, 4 records a sequence


@dataclass(frozen=True)
class Sequence:
    """A packed sequence. rows[i] is the index of the token whose successor is targets[i]."""

    ids: list[int]
    layout: Layout
    rows: list[int]
    targets: list[int]
    questions: int


@dataclass(frozen=True)
class Position:
    """Where the stream stands: the next record of an epoch's order, and the sequence's number."""

    epoch: int = 0
    cursor: int = 0
    sequence: int = 0


class SequenceStream:
    """An endless stream of sequences; each follows from the seed and the position alone."""

    def __init__(
        self, records: list[Record], prompt: Prompt, mix: Mix, seed: int, position: Position = Position()
    ) -> None:
        self._records = records
        self._prompt = prompt
        self._mix = mix
        self._seed = seed
        self.seek(position)

    def seek(self, position: Position) -> None:
        """Goes on from a position."""
        self.position = position
        self._order = epoch_order(self._records, self._seed, position.epoch)

    def next(self) -> Sequence:
        """The next sequence; moves the position on."""
        at = self.position
        rng = Random(f"{self._seed}/sequence/{at.sequence}")
        upcoming = [
            self._records[i] for i in self._order[at.cursor : at.cursor + len(self._mix.question_weights)]
        ]
        sequence, taken = compose(upcoming, self._prompt, self._mix, rng)
        epoch, cursor = at.epoch, at.cursor + taken
        if cursor >= len(self._order):
            epoch, cursor = epoch + 1, 0
            self._order = epoch_order(self._records, self._seed, epoch)
        self.position = Position(epoch, cursor, at.sequence + 1)
        return sequence


def compose(upcoming: list[Record], prompt: Prompt, mix: Mix, rng: Random) -> tuple[Sequence, int]:
    """A sequence of the first of the upcoming records, and how many of them it took (at least one)."""
    kind = rng.random()
    most = rng.choices(range(1, len(mix.question_weights) + 1), mix.question_weights)[0]
    if kind < mix.long_share:
        budget, wanted, most = mix.long_tokens, rng.randint(15, 20), max(most, 2)
    elif kind < mix.long_share + mix.hard_share:
        budget, wanted, most = mix.long_tokens, len(upcoming[0].passages), 1
    else:
        budget, wanted = mix.max_tokens, rng.randint(1, mix.most_passages)
    context: list[Passage] = []
    spare: list[Passage] = []
    questions: list[tuple[Record, str]] = []
    silent: list[Record] = []
    used = len(prompt.preface)
    for record in upcoming[:most]:
        answer, needed, others = _part(record, context, mix, rng)
        cost = _question_tokens(prompt, record, answer) + sum(_tokens(prompt, p) for p in needed)
        if questions and (used + cost > budget or any(tells(other, needed) for other in silent)):
            break
        used += cost
        questions.append((record, answer))
        silent += [record] if answer == NO_ANSWER else []
        context += needed
        spare += others
    rng.shuffle(spare)
    for passage in spare:
        length = _tokens(prompt, passage)
        if len(context) >= wanted or used + length > budget or _has(context, passage):
            continue
        if not any(tells(record, [passage]) for record in silent):
            context.append(passage)
            used += length
    rng.shuffle(context)
    return pack(context, questions, prompt), len(questions)


def pack(passages: list[Passage], questions: list[tuple[Record, str]], prompt: Prompt) -> Sequence:
    """Lays preface, passages and final blocks end to end. An answer's last token is a target only."""
    blocks = [prompt.preface] + [prompt.passage(p.title, p.text) for p in passages]
    finals: list[list[int]] = []
    rows: list[int] = []
    targets: list[int] = []
    start = sum(map(len, blocks))
    for record, answer in questions:
        question, expected = prompt.question(record.question), prompt.answer(answer)
        rows += range(start + len(question) - 1, start + len(question) - 1 + len(expected))
        targets += expected
        finals.append(question + expected[:-1])
        start += len(finals[-1])
    layout = Layout(tuple(map(len, blocks)), tuple(map(len, finals)))
    ids = [token for part in blocks + finals for token in part]
    return Sequence(ids, layout, rows, targets, len(questions))


def _part(
    record: Record, context: list[Passage], mix: Mix, rng: Random
) -> tuple[str, list[Passage], list[Passage]]:
    """The answer taught, the passages that must be there, and those that may."""
    if rng.random() < mix.no_answer_share and not tells(record, context):
        safe = [p for p in record.distractors if not tells(record, [p]) and not _has(context, p)]
        if safe:
            rng.shuffle(safe)
            return NO_ANSWER, safe[:1], safe[1:]
    gold = record.gold[:MOST_GOLD]
    if record.source.startswith("triviaqa"):  # each of its gold passages is enough
        telling = [p for p in gold if holds(f"{p.title} {p.text}", record.answer)] or gold
        gold = rng.sample(telling, rng.randint(1, min(2, len(telling))))
    return record.answer, [p for p in gold if not _has(context, p)], record.distractors


def _has(context: list[Passage], passage: Passage) -> bool:
    return any(passage.text == other.text for other in context)


def _tokens(prompt: Prompt, passage: Passage) -> int:
    return len(prompt.passage(passage.title, passage.text))


def _question_tokens(prompt: Prompt, record: Record, answer: str) -> int:
    return len(prompt.question(record.question)) + len(prompt.answer(answer)) - 1
