"""Greedy answers on a development set under both masks, by the paper's metric; to choose checkpoints."""

from __future__ import annotations

from collections.abc import Callable

import torch
from transformers import DynamicCache, PreTrainedModel

from .attention import Packing
from .data import Record, normalise
from .masks import MODES, Layout, Mode
from .model import autocast, hidden_states, logits
from .prompt import Prompt


@torch.no_grad()
def generate(
    model: PreTrainedModel,
    blocks: list[list[int]],
    mode: Mode,
    most: int,
    end: list[int],
    choose: Callable[[torch.Tensor], int] = lambda scores: int(scores.argmax()),
) -> tuple[list[int], bool]:
    """Tokens after the last block, at most `most`, and whether the model ended them. blocks: token ids.

    choose: the next token by the scores [vocabulary]; greedy where it is not given.
    """
    ids = torch.tensor([token for block in blocks for token in block], device=model.device)
    layout = Layout(tuple(map(len, blocks[:-1])), (len(blocks[-1]),))
    cache = DynamicCache(config=model.config)
    hidden = hidden_states(model, ids, Packing(layout, mode, model.device), cache)[-1:]
    answer: list[int] = []
    while len(answer) < most:
        token = choose(logits(model, hidden)[0])
        if token in end:
            return answer, True
        answer.append(token)
        place = torch.tensor([[len(ids) + len(answer) - 1]], device=model.device)
        with autocast(model):
            output = model.model(
                input_ids=torch.tensor([[token]], device=model.device),
                position_ids=place,
                past_key_values=cache,
                use_cache=True,
            )
        hidden = output.last_hidden_state[0].float()
    return answer, False


def is_right(answers: tuple[str, ...], output: str) -> bool:
    """The paper's metric: a normalised gold answer is a substring of the normalised output."""
    said = normalise(output)
    return any(gold and gold in said for gold in map(normalise, answers))


def evaluate(
    model: PreTrainedModel,
    prompt: Prompt,
    records: list[Record],
    most: int = 32,
    report: Callable[[dict], None] = lambda _: None,
) -> dict:
    """Answers every record with all its passages in their order, under both masks.

    report gets each record's {id, full, block}: output and whether it is right.
    Returns {questions, full, block}: shares of right answers in percent.
    """
    right = dict.fromkeys(MODES, 0)
    for record in records:
        passages = [prompt.passage(p.title, p.text) for p in record.passages]
        blocks = [prompt.preface, *passages, prompt.question(record.question)]
        line: dict = {"id": record.id, "answers": list(record.answers)}
        for mode in MODES:
            output = prompt.decode(generate(model, blocks, mode, most, prompt.end)[0])
            line[mode] = {"output": output, "right": is_right(record.answers, output)}
            right[mode] += line[mode]["right"]
        report(line)
    return {"questions": len(records), **{mode: round(100 * right[mode] / len(records), 2) for mode in MODES}}
