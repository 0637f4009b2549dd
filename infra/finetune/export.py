"""A checkpoint's adapter as the product reads it: adapter.safetensors and adapter.json."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from .checkpoint import Checkpoint
from .masks import MODES

ADAPTER = "adapter.safetensors"
DESCRIPTION = "adapter.json"
# Steps over which losses are averaged for the description.
WINDOW = 50


def export_adapter(
    checkpoint: Checkpoint, sources: dict, log: list[dict], dev: list[dict], folder: Path
) -> dict:
    """Writes both files and returns the description.

    Tensors are float16: `blk.N.attn_q.lora_a` [rank, inputs] and `blk.N.attn_q.lora_b` [outputs, rank]; the
    change of a weight is scale * B @ A, its rows in Hugging Face's half-split order, not in llama.cpp's
    permuted one. sources: what the run was made of (run.json); dev: results of `evaluate`.
    """
    tensors = {name: tensor.to(torch.float16).contiguous() for name, tensor in checkpoint.adapter.items()}
    broken = [name for name, tensor in tensors.items() if not tensor.isfinite().all()]
    if broken:
        raise ValueError(f"not finite in float16: {', '.join(broken)}")
    rank, alpha = checkpoint.settings["rank"], checkpoint.settings["alpha"]
    done = [line for line in log if line["step"] <= checkpoint.step]
    description = {
        "format": 1,
        "base": sources["model"],
        "rank": rank,
        "alpha": alpha,
        "scale": alpha / rank,
        "row_order": "half-split",
        "data": sources["data"],
        "settings": {**checkpoint.settings, "decay_start": checkpoint.decay_start},
        "position": asdict(checkpoint.position),
        "steps": checkpoint.step,
        "questions": sum(line["questions"] for line in done),
        **({"started_from": sources["adapter"]} if "adapter" in sources else {}),
        "losses": {"first": mean_losses(done[:WINDOW]), "last": mean_losses(done[-WINDOW:])},
        "dev": dev,
    }
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / ADAPTER, metadata={"format": "pt"})
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=2) + "\n", "utf-8")
    return description


def read_adapter(folder: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    """The description and the tensors of an exported adapter."""
    description = json.loads((folder / DESCRIPTION).read_text("utf-8"))
    return description, load_file(folder / ADAPTER)


def mean_losses(lines: list[dict]) -> dict[str, float]:
    """Means of both losses over lines of the log."""
    return {
        mode: round(sum(line[f"loss_{mode}"] for line in lines) / max(1, len(lines)), 4) for mode in MODES
    }
