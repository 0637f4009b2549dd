"""Records packed into training sequences: one context, several questions about it. Or prompts without documents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from .data import MOST_OF_ARTICLE, NO_ANSWER, Chat, Passage, Record, epoch_order, holds, tells
from .masks import MODES, Layout, Mode

if TYPE_CHECKING:  # its tokenizer is not needed to sample
    from .prompt import Prompt

# Gold passages of one record that enter a context. Questions of several steps need all of theirs.
MOST_GOLD = 4
# Prompts of a sequence without documents.
CHATS = 2


@dataclass(frozen=True)
class Mix:
    """How sequences are sampled."""

    max_tokens: int = 1100  # of an ordinary sequence
    long_tokens: int = 2600  # of a long one
    most_passages: int = 10
    long_share: float = 0.1  # 15 to 20 passages of several records
    hard_share: float = 0.05  # one record with all its distractors
    no_answer_share: float = 0.02  # questions whose gold passages are left out
    chat_share: float = 0.1  # prompts without documents, where there are any
    full_share: float = 1.0  # of what is about documents, trained under the causal mask too
    join_share: float = 0.0  # of neighbouring passages, joined into one block
    own_share: float = 0.0  # of what is about documents, with the teacher's own answers where they hold a gold one
    own_tokens: int = 32  # of such an answer at most
    question_weights: tuple[float, ...] = (0.15, 0.3, 0.3, 0.25)  # of 1, 2, 3, 4 records a sequence


@dataclass(frozen=True)
class Sequence:
    """A packed sequence. rows[i] is the index of the token whose successor is targets[i].

    lengths: targets of each answer, in order. modes: the masks that it is trained under. gold: what each answer may
    hold to be right; nothing where it has to stay as it is. own: whether the teacher's own answers are wanted.
    """

    ids: list[int]
    layout: Layout
    rows: list[int]
    targets: list[int]
    lengths: list[int]
    modes: tuple[Mode, ...]
    gold: tuple[tuple[str, ...], ...] = ()
    own: bool = False

    def taught(self) -> tuple[list[list[int]], list[list[int]]]:
        """Token ids of each question, assistant header included, and of each answer."""
        questions, answers, done = [], [], 0
        for (start, end), length in zip(self.layout.final_runs(), self.lengths):
            questions.append(self.ids[start : end - length + 1])
            answers.append(self.targets[done : done + length])
            done += length
        return questions, answers

    @property
    def questions(self) -> int:
        """Answers that it teaches."""
        return len(self.lengths)

    @property
    def has_documents(self) -> bool:
        """Whether it is about a context; otherwise it holds prompts without documents."""
        return bool(self.layout.blocks)


@dataclass(frozen=True)
class Position:
    """Where the stream stands: the next record of an epoch's order, and the sequence's number."""

    epoch: int = 0
    cursor: int = 0
    sequence: int = 0


class SequenceStream:
    """An endless stream of sequences; each follows from the seed and the position alone."""

    def __init__(
        self,
        records: list[Record],
        prompt: Prompt,
        mix: Mix,
        seed: int,
        position: Position = Position(),
        chats: list[Chat] | None = None,
    ) -> None:
        self._records = records
        self._chats = chats or []
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
        if self._chats and rng.random() < self._mix.chat_share:
            self.position = replace(at, sequence=at.sequence + 1)
            return pack_chats(rng.sample(self._chats, min(CHATS, len(self._chats))), self._prompt)
        most = max(MOST_OF_ARTICLE, len(self._mix.question_weights))
        upcoming = [self._records[i] for i in self._order[at.cursor : at.cursor + most]]
        sequence, taken = compose(upcoming, self._prompt, self._mix, rng)
        epoch, cursor = at.epoch, at.cursor + taken
        if cursor >= len(self._order):
            epoch, cursor = epoch + 1, 0
            self._order = epoch_order(self._records, self._seed, epoch)
        self.position = Position(epoch, cursor, at.sequence + 1)
        if rng.random() >= self._mix.full_share:
            sequence = replace(sequence, modes=("block",))
        return replace(sequence, own=rng.random() < self._mix.own_share)


def compose(upcoming: list[Record], prompt: Prompt, mix: Mix, rng: Random) -> tuple[Sequence, int]:
    """A sequence of the first of the upcoming records, and how many of them it took (at least one)."""
    kind = rng.random()
    most = rng.choices(range(1, len(mix.question_weights) + 1), mix.question_weights)[0]
    most = _whole_articles(upcoming, most)
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
    joined = [mix.join_share > 0 and rng.random() < mix.join_share for _ in context[1:]]
    return pack(context, questions, prompt, joined), len(questions)


def pack(
    passages: list[Passage], questions: list[tuple[Record, str]], prompt: Prompt, joined: list[bool] | None = None
) -> Sequence:
    """Lays preface, passages and final blocks end to end. An answer's last token is a target only.

    joined: for each passage but the first whether it is of one block with that before it.
    """
    blocks = [prompt.preface]
    for passage, joins in zip(passages, [False, *(joined or [False] * len(passages))]):
        ids = prompt.passage(passage.title, passage.text)
        if joins:
            blocks[-1] = blocks[-1] + ids
        else:
            blocks.append(ids)
    taught = [(prompt.question(record.question), prompt.answer(text)) for record, text in questions]
    gold = tuple(() if text == NO_ANSWER else record.answers for record, text in questions)
    return replace(_lay(blocks, taught), gold=gold)


def pack_chats(chats: list[Chat], prompt: Prompt) -> Sequence:
    """Prompts without documents, none of which sees another."""
    answers = [prompt.answer(chat.answer) if chat.ended else prompt.encode(chat.answer) for chat in chats]
    return _lay([], [(prompt.chat(chat.prompt), answer) for chat, answer in zip(chats, answers)])


def with_answers(sequence: Sequence, answers: list[list[int]]) -> Sequence:
    """The same sequence with other answers. answers: token ids."""
    lengths, start, blocks = sequence.layout.blocks, 0, []
    for length in lengths:
        blocks.append(sequence.ids[start : start + length])
        start += length
    laid = _lay(blocks, list(zip(sequence.taught()[0], answers)))
    return replace(laid, modes=sequence.modes, gold=sequence.gold, own=sequence.own)


def _lay(blocks: list[list[int]], taught: list[tuple[list[int], list[int]]]) -> Sequence:
    finals: list[list[int]] = []
    rows: list[int] = []
    targets: list[int] = []
    start = sum(map(len, blocks))
    for question, expected in taught:
        rows += range(start + len(question) - 1, start + len(question) - 1 + len(expected))
        targets += expected
        finals.append(question + expected[:-1])
        start += len(finals[-1])
    layout = Layout(tuple(map(len, blocks)), tuple(map(len, finals)))
    ids = [token for part in blocks + finals for token in part]
    lengths = [len(expected) for _, expected in taught]
    # Without documents both masks are one.
    return Sequence(ids, layout, rows, targets, lengths, MODES if blocks else MODES[:1])


def _whole_articles(upcoming: list[Record], most: int) -> int:
    """How many of the upcoming records, so that those of one article are not torn apart: `most`, if possible fewer."""
    starts = [i for i, record in enumerate(upcoming) if i == 0 or record.article != upcoming[i - 1].article]
    starts.append(len(upcoming))
    return max([start for start in starts[1:] if start <= most], default=starts[1])


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
