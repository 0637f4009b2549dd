"""The recipe against the golden numbers: token ids, and the log-probabilities of the next token."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from transformers import PreTrainedModel

from .attention import Packing
from .masks import MODES, Layout
from .model import hidden_states, logits
from .prompt import Prompt


def check_tokens(golden: dict, prompt: Prompt) -> list[str]:
    """What differs: texts, prefaces and final blocks whose ids are others than the golden ones."""
    wrong = [case["text"] for case in golden["tokenize"] if prompt.encode(case["text"]) != case["content"]]
    for case in golden["cases"]:
        if case["blocks"][0] != prompt.preface:
            wrong.append("preface")
        if case["blocks"][-1] != prompt.question(case["question"]):
            wrong.append(case["question"])
    return wrong


@torch.no_grad()
def check_model(golden: dict, model: PreTrainedModel) -> list[tuple[str, float, bool]]:
    """For every case and mask: its name, the largest difference of the golden log-probabilities, same best token."""
    found = []
    for case in golden["cases"]:
        *context, final = case["blocks"]
        layout = Layout(tuple(map(len, context)), (len(final),))
        ids = torch.tensor([token for block in case["blocks"] for token in block], device=model.device)
        for mode in MODES:
            hidden = hidden_states(model, ids, Packing(layout, mode, model.device))
            scores = logits(model, hidden[-1:])[0].log_softmax(-1)
            top = case["expect"][mode]["top10"]
            largest = max(abs(scores[token].item() - value) for token, value in top)
            found.append((f"{mode}: {case['question']}", largest, scores.argmax().item() == top[0][0]))
    return found


def read_golden(path: Path) -> dict:
    """Reads the file of golden numbers."""
    return json.loads(path.read_text("utf-8"))
