"""The teacher of a distillation: full attention's answers and next-token distributions, made once and kept in a file.

The teacher is the model before training, or with another adapter, and always reads the whole context under the causal
mask. Of a distribution its likeliest tokens and the share of all others are kept.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from .data import holds
from .decoder import MergedDecoder
from .masks import Layout
from .model import logits
from .packing import Sequence, with_answers
from .prefix import Prefix
from .prompt import Prompt

FILE = "teacher.sqlite"
# Tokens of a distribution that are kept.
TOP = 64


@dataclass(frozen=True)
class Lesson:
    """A sequence with the answers to train, and the teacher's distribution at each of its rows.

    tokens: [rows, TOP] the likeliest, int32; logs: [rows, TOP + 1] their log-probabilities and that of all others.
    """

    sequence: Sequence
    tokens: Tensor
    logs: Tensor


class Teacher:
    """Makes lessons of sequences."""

    def __init__(self, model: PreTrainedModel, decoder: MergedDecoder, prompt: Prompt, most: int) -> None:
        """most: tokens of an answer of its own."""
        self._model = model
        self._decoder = decoder
        self._prompt = prompt
        self._most = most

    @torch.no_grad()
    def lesson(self, sequence: Sequence) -> Lesson:
        """One sequence's; where its own answers are wanted, those that hold a gold one take the records' place."""
        questions, answers = sequence.taught()
        context = sequence.ids[: sequence.layout.context]
        ids = torch.tensor([token for part in [context, *questions] for token in part], device=self._device)
        layout = Layout(sequence.layout.blocks, tuple(map(len, questions)))
        prefix = Prefix(self._decoder, ids, layout)
        last = prefix.hidden[[end - 1 for _, end in layout.final_runs()]]
        if sequence.own:
            said = self._say(copy(prefix), last)
            answers = [
                own if self._holds_gold(own, gold) else answer
                for own, answer, gold in zip(said, answers, sequence.gold)
            ]
        after = prefix.extend([answer[:-1] for answer in answers], keep=False)
        hidden = torch.cat([part for row, rest in zip(last, after) for part in (row[None], rest)])
        return Lesson(with_answers(sequence, answers), *summarise(logits(self._model, hidden)))

    @property
    def _device(self) -> torch.device:
        return self._model.device

    def _say(self, prefix: Prefix, last: Tensor) -> list[list[int]]:
        """Greedy answers, of all questions at once, with the ending token where it is reached."""
        said: list[list[int]] = [[] for _ in last]
        live = list(range(len(said)))
        while live:
            for final, token in zip(live, logits(self._model, last).argmax(-1).tolist()):
                said[final].append(self._prompt.end[0] if token in self._prompt.end else token)
            live = [i for i in live if said[i][-1] != self._prompt.end[0] and len(said[i]) < self._most]
            if live:
                parts = prefix.extend([said[i][-1:] if i in live else [] for i in range(len(said))])
                last = torch.cat(parts)
        return said

    def _holds_gold(self, said: list[int], gold: tuple[str, ...]) -> bool:
        text = self._prompt.decode(said)
        return any(holds(text, answer) for answer in gold)


def summarise(scores: Tensor) -> tuple[Tensor, Tensor]:
    """The likeliest tokens [rows, TOP] of logits [rows, vocabulary], and their log-probabilities with that of all
    others [rows, TOP + 1], on the CPU."""
    every = scores.log_softmax(-1)
    top = every.topk(TOP)
    others = every.scatter(-1, top.indices, float("-inf")).logsumexp(-1, keepdim=True)
    return top.indices.int().cpu(), torch.cat([top.values, others], dim=-1).cpu()


def divergence(scores: Tensor, tokens: Tensor, logs: Tensor) -> Tensor:
    """KL [rows] of the student, by its logits [rows, vocabulary], from what `summarise` kept of the teacher.

    All tokens that were not kept are one outcome, so that this is never more than the divergence of the whole
    distributions, and zero where these are alike.
    """
    every = scores.log_softmax(-1)
    chosen = every.gather(-1, tokens.long())
    # Not log(1 - sum): what is left of a sum near one has few digits.
    others = every.scatter(-1, tokens.long(), float("-inf")).logsumexp(-1, keepdim=True)
    return torch.nn.functional.kl_div(
        torch.cat([chosen, others], dim=-1), logs, reduction="none", log_target=True
    ).sum(-1)


class LessonFile:
    """Lessons in a file beside a run, each kept as soon as it is made: a run that was killed has lost none."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS lesson (sequence TEXT PRIMARY KEY, answers TEXT, tokens BLOB, logs BLOB)"
        )

    def find(self, sequence: Sequence) -> Lesson | None:
        """The lesson of a sequence, if there is one."""
        query = "SELECT answers, tokens, logs FROM lesson WHERE sequence = ?"
        row = self._database.execute(query, (digest(sequence),)).fetchone()
        if row is None:
            return None
        answers, tokens, logs = row
        return Lesson(
            with_answers(sequence, json.loads(answers)),
            torch.from_numpy(np.frombuffer(tokens, "<i4").reshape(-1, TOP).copy()),
            torch.from_numpy(np.frombuffer(logs, "<f4").reshape(-1, TOP + 1).copy()),
        )

    def keep(self, sequence: Sequence, lesson: Lesson) -> None:
        """Writes the lesson of a sequence."""
        row = (
            digest(sequence),
            json.dumps(lesson.sequence.taught()[1]),
            lesson.tokens.numpy().astype("<i4").tobytes(),
            lesson.logs.numpy().astype("<f4").tobytes(),
        )
        self._database.execute("INSERT OR IGNORE INTO lesson VALUES (?, ?, ?, ?)", row)


def digest(sequence: Sequence) -> str:
    """What a sequence's lesson follows from, whatever it is trained under."""
    content = [sequence.ids, sequence.layout.blocks, sequence.layout.finals, sequence.lengths, sequence.own]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
