"""Question and answer records, and the contexts they are trained on."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random

NO_ANSWER = "Not in these documents."
# Records of a source with fewer than this many are taken several times an epoch.
SMALL_SOURCE = 500
SMALL_SOURCE_TIMES = 4


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


def read_records(path: Path, answers: Path | None = None) -> list[Record]:
    """Reads a .jsonl or .jsonl.gz file. answers: a teacher's answers, lines of {id, answer}."""
    taught = {}
    if answers is not None:
        taught = {row["id"]: row["answer"] for row in _read_lines(answers)}
    records = []
    for row in _read_lines(path):
        passages = tuple(Passage(p["title"], p["text"], p["gold"]) for p in row["passages"])
        answer = taught.get(row["id"]) or choose_answer(row["answers"], passages)
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
    """Whether the normalised text holds the normalised answer as whole words."""
    return f" {normalise(answer)} " in f" {normalise(text)} "


def epoch_order(records: list[Record], seed: int, epoch: int) -> list[int]:
    """Indices of the records in the order of an epoch; those of small sources come several times."""
    count: dict[str, int] = {}
    for record in records:
        count[record.source] = count.get(record.source, 0) + 1
    order = list(range(len(records)))
    order += [i for i in order if count[records[i].source] < SMALL_SOURCE] * (SMALL_SOURCE_TIMES - 1)
    Random(f"{seed}/order/{epoch}").shuffle(order)
    return order


def tells(record: Record, passages: Iterable[Passage]) -> bool:
    """Whether one of the passages holds one of the record's answers."""
    answers = [answer for answer in record.answers if normalise(answer)]
    return any(holds(f"{p.title} {p.text}", answer) for p in passages for answer in answers)


def _read_lines(path: Path) -> list[dict]:
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
    with opened as file:
        return [json.loads(line) for line in file if line.strip()]
