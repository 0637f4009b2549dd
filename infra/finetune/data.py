"""Question and answer records, and the contexts they are trained on."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random

NO_ANSWER = "Not in these documents."
# Records of a source with fewer than this many are taken several times an epoch.
SMALL_SOURCE = 500
SMALL_SOURCE_TIMES = 4
# Records about one article that stand together in an epoch's order: their passages are hard to tell apart.
MOST_OF_ARTICLE = 6


@dataclass(frozen=True)
class Passage:
    """A passage of a record."""

    title: str
    text: str
    gold: bool


@dataclass(frozen=True)
class Record:
    """One question with its passages; `answer` is what the model is taught to say."""

    id: str
    question: str
    answers: tuple[str, ...]
    passages: tuple[Passage, ...]
    source: str
    licence: str
    answer: str

    @property
    def gold(self) -> list[Passage]:
        """The passages that hold the answer."""
        return [passage for passage in self.passages if passage.gold]

    @property
    def distractors(self) -> list[Passage]:
        """The other passages."""
        return [passage for passage in self.passages if not passage.gold]

    @property
    def article(self) -> tuple[str, str]:
        """What the answer is told in: the source and the title of the gold passage; of several, the record alone."""
        titles = {passage.title for passage in self.gold}
        return self.source, titles.pop() if len(titles) == 1 else self.id


@dataclass(frozen=True)
class Chat:
    """A prompt without documents, and what the base model says to it. `ended`: it came to an end there."""

    prompt: str
    answer: str
    ended: bool


def read_chats(path: Path) -> list[Chat]:
    """Reads what `chat` wrote: lines of {prompt, answer, ended}."""
    return [Chat(**row) for row in read_lines(path)]


def read_records(path: Path, answers: Path | None = None) -> list[Record]:
    """Reads a .jsonl or .jsonl.gz file.

    answers: what to teach instead of the gold answers, lines of {id, answer}; records that it does not name are left
    out.
    """
    taught = None if answers is None else {row["id"]: row["answer"] for row in read_lines(answers)}
    records = []
    for row in read_lines(path):
        if taught is not None and row["id"] not in taught:
            continue
        passages = tuple(Passage(p["title"], p["text"], p["gold"]) for p in row["passages"])
        answer = choose_answer(row["answers"], passages) if taught is None else taught[row["id"]]
        fields = {name: row[name] for name in ("id", "question", "source", "licence")}
        records.append(Record(answers=tuple(row["answers"]), passages=passages, answer=answer, **fields))
    return records


def choose_answer(answers: list[str], passages: tuple[Passage, ...]) -> str:
    """The first answer that a gold passage holds word for word, else the first: aliases need not be in any text."""
    text = " ".join(f"{p.title} {p.text}" for p in passages if p.gold)
    return next((answer for answer in answers if holds(text, answer)), answers[0]).strip()


def normalise(text: str) -> str:
    """The paper's normalisation: lower case, no punctuation, no articles, single spaces."""
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", re.sub(r"[^\w\s]", "", text.lower())).split())


def holds(text: str, answer: str) -> bool:
    """Whether the normalised text holds the normalised answer as whole words; nothing holds an empty one."""
    wanted = normalise(answer)
    return wanted != "" and f" {wanted} " in f" {normalise(text)} "


def epoch_order(records: list[Record], seed: int, epoch: int) -> list[int]:
    """Indices of the records in the order of an epoch; those of small sources come several times.

    Records about one article stand together, a few at a time: see `MOST_OF_ARTICLE`.
    """
    count = Counter(record.source for record in records)
    order = list(range(len(records)))
    rng = Random(f"{seed}/order/{epoch}")
    rng.shuffle(order)
    articles: dict[tuple[str, str], list[int]] = {}
    for i in order:
        articles.setdefault(records[i].article, []).append(i)
    groups = [
        found[start : start + MOST_OF_ARTICLE]
        for found in articles.values()
        for start in range(0, len(found), MOST_OF_ARTICLE)
    ]
    groups += [[i] for i in order if count[records[i].source] < SMALL_SOURCE] * (SMALL_SOURCE_TIMES - 1)
    rng.shuffle(groups)
    return [i for group in groups for i in group]


def tells(record: Record, passages: Iterable[Passage]) -> bool:
    """Whether one of the passages holds one of the record's answers."""
    return any(holds(f"{p.title} {p.text}", answer) for p in passages for answer in record.answers)


def read_lines(path: Path) -> list[dict]:
    """The lines of a .jsonl or .jsonl.gz file."""
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
    with opened as file:
        return [json.loads(line) for line in file if line.strip()]
