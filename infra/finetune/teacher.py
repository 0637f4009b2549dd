"""The base model as the teacher: its own sentences about the gold passages alone, as answers to train.

With nothing but the gold passages before it a small model answers nearly half of the questions, and most of these in
sentences, its own manner, that say the question again before what is asked for. `lessons` makes the questions, the
product's own engine answers them (`npm run eval`), `answers` reads what it said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace

from .data import Passage, Record, holds, normalise

# "The answer to this question is: ", and what else says nothing: answers that begin alike win over all others.
OPENING = re.compile(r"^the (?:answer|question)\b[^:]*?\b(?:is|asks)\b:?(?: that)? +", re.IGNORECASE)
EMPTY = re.compile(r"^(?:the (?:answer|question)|question:|title:|-)", re.IGNORECASE)
CLAUSE_END = re.compile(r"[.!?;,](?=\s|$)")


def lessons(records: Iterable[Record], taught: set[str] | None = None) -> Iterator[dict]:
    """Records, as lines of data, with their gold passages only, of the questions to be answered by a sentence.

    taught: ids of records whose answers are there already; the others get a passage more, which tells the answer.
    """
    for record in records:
        if record.gold and not is_choice(record) and (taught is None or record.id not in taught):
            passages = record.gold if taught is None else [*record.gold, note(record)]
            fields = asdict(replace(record, passages=tuple(passages)))
            del fields["answer"]
            yield fields


def answers(records: Iterable[Record], said: dict[str, list[str]]) -> Iterator[dict]:
    """Lines of {id, answer}: of each record the first sentence that holds a gold answer, by what the teacher said.

    A question between what it names itself, and one of yes or no, keeps its short answer: whatever a sentence says
    of them, it names both. A record that no sentence is found for is left out.
    """
    for record in records:
        if is_choice(record):
            yield {"id": record.id, "answer": record.answer}
            continue
        found = (sentence(output, record.answers) for output in said.get(record.id, []))
        if answer := next(filter(None, found), None):
            yield {"id": record.id, "answer": answer}


def is_choice(record: Record) -> bool:
    """Whether the answer is yes, no or one of the things that the question names."""
    return any(
        normalise(answer) in ("yes", "no") or holds(record.question, answer) for answer in record.answers
    )


def note(record: Record) -> Passage:
    """A passage that tells the answer."""
    return Passage("Note", f"{record.question} {record.answer}.", gold=True)


def sentence(output: str, gold: tuple[str, ...]) -> str | None:
    """What of an output is an answer to train: up to the end of the clause in which a gold answer is complete.

    None where it holds none, is nothing but the answer, or speaks of itself. A clause that the output does not end
    stops with the answer.
    """
    text = OPENING.sub("", " ".join(output.split()))
    words = text.split(" ")
    starts = (" ".join(words[:n]) for n in range(1, len(words) + 1))
    told = next((start for start in starts if any(holds(start, answer) for answer in gold)), None)
    if told is None or EMPTY.match(text):
        return None
    complete = len(told)
    # The answer's last word may end the clause itself.
    end = CLAUSE_END.search(text, complete - 1)
    clause = text[: end.start() if end else complete].rstrip(".,;:!?")
    if any(normalise(clause) == normalise(answer) for answer in gold):
        return None
    return f"{clause[0].upper()}{clause[1:]}."
