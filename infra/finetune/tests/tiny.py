"""A tiny random model with its tokenizer, prompt and records, as files."""

import json
from pathlib import Path

import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import LlamaConfig, LlamaForCausalLM


def write_tiny(folder: Path) -> list[str]:
    """Writes all of it; returns the options of the command line that name it."""
    torch.manual_seed(7)
    tokens = ["<end>", *sorted(ByteLevel.alphabet())]
    config = LlamaConfig(
        vocab_size=len(tokens),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder / "model")
    frame = {
        "preface_ids": [5, 6, 7],
        "opening_ids": [0, 8],
        "passage_format": "- Title: {title}\n{text}\n\n",
        "question_format": "Question: {question}",
        "tail_ids": [0, 9],
        "end_ids": [0],
    }
    (folder / "prompt.json").write_text(json.dumps(frame))
    (folder / "tokenizer.json").write_text(json.dumps({"pre": "smollm", "tokens": tokens, "merges": []}))
    records = [tiny_record(i) for i in range(12)]
    (folder / "data.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    chats = [{"prompt": f"Say {i}.", "answer": f"I say {i}.", "ended": i != 1} for i in range(4)]
    (folder / "chat.jsonl").write_text("".join(json.dumps(chat) + "\n" for chat in chats))
    return [
        *("--model", str(folder / "model")),
        *("--prompt", str(folder / "prompt.json")),
        *("--tokenizer", str(folder / "tokenizer.json")),
        *("--threads", "1"),
        *("--data", str(folder / "data.jsonl")),
        *("--chat", str(folder / "chat.jsonl")),
    ]


def tiny_record(number: int) -> dict:
    passages = [
        {"title": f"T{number}.{i}", "text": f"Number {number} is {i}.", "gold": i == 0} for i in range(4)
    ]
    return {
        "id": str(number),
        "question": f"What is number {number}?",
        "answers": [f"{number}"],
        "passages": passages,
        "source": "made",
        "licence": "CC0",
    }
