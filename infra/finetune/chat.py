"""Prompts without documents and the base model's own answers, so that training on documents leaves plain chat alone.

The prompts are sampled from the model too: what it writes after the user's header (Magpie, arXiv 2406.08464). They
are long requests; between them come questions of the records, without their documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import torch
from transformers import PreTrainedModel

from .data import Chat
from .evaluate import generate
from .prompt import Prompt

# Of the likeliest tokens of a prompt: those that together have this share are sampled from.
TOP_P = 0.9
MOST_PROMPT_TOKENS = 48


def sample_chats(
    model: PreTrainedModel, prompt: Prompt, questions: list[str], seed: int, most: int
) -> Iterator[Chat]:
    """Endless; no prompt comes twice. Answers are greedy, of at most `most` tokens."""
    asked = Random(seed).sample(questions, len(questions))
    generator = torch.Generator().manual_seed(seed)
    seen: set[str] = set()
    while True:
        for text in [sample_prompt(model, prompt, generator), *asked[-1:]]:
            if not text or text in seen:
                continue
            seen.add(text)
            answer, ended = generate(model, [prompt.chat(text)], "full", most, prompt.end)
            said = prompt.decode(answer).strip()
            if said:
                yield Chat(text, said, ended)
        del asked[-1:]


def sample_prompt(model: PreTrainedModel, prompt: Prompt, generator: torch.Generator) -> str:
    """A user's message; empty where the model came to no end."""
    ids, ended = generate(
        model, [prompt.opening], "full", MOST_PROMPT_TOKENS, prompt.end, lambda row: draw(row, generator)
    )
    return prompt.decode(ids).strip() if ended else ""


def draw(scores: torch.Tensor, generator: torch.Generator) -> int:
    """A token by its probability among the likeliest. scores: [vocabulary]."""
    shares, tokens = scores.softmax(-1).sort(descending=True)
    shares[shares.cumsum(-1) - shares > TOP_P] = 0
    return int(tokens[torch.multinomial(shares.cpu(), 1, generator=generator)])
