"""What a run has trained as the product reads it: an adapter, or the whole model; with a description beside it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from statistics import fmean

import torch
from safetensors.torch import load_file, save

from .checkpoint import Checkpoint
from .files import whole, write_json
from .gguf_file import copy_gguf
from .masks import MODES
from .model import free_weights, load_base, load_tensors

ADAPTER = "adapter.safetensors"
ADAPTER_DESCRIPTION = "adapter.json"
MODEL = "model.gguf"
MODEL_DESCRIPTION = "model.json"
# Steps over which losses are averaged for the description.
WINDOW = 50


def export_adapter(checkpoint: Checkpoint, description: dict, folder: Path) -> dict:
    """Writes adapter.safetensors and adapter.json; returns what the latter says.

    Tensors are float16: `blk.N.attn_q.lora_a` [rank, inputs] and `blk.N.attn_q.lora_b` [outputs, rank]; the
    change of a weight is scale * B @ A, its rows in Hugging Face's half-split order, not in llama.cpp's
    permuted one. description: what `describe` returned.
    """
    rank, alpha = checkpoint.settings["rank"], checkpoint.settings["alpha"]
    form = {"rank": rank, "alpha": alpha, "scale": alpha / rank, "row_order": "half-split"}
    folder.mkdir(parents=True, exist_ok=True)
    tensors = as_float16(checkpoint)
    with whole(folder / ADAPTER) as temporary:
        # Not save_file, whose files only their owner can read.
        temporary.write_bytes(save(tensors, metadata={"format": "pt"}))
    return write_json(folder / ADAPTER_DESCRIPTION, {"format": 1, **form, **description})


def export_model(checkpoint: Checkpoint, base: Path, description: dict, folder: Path) -> dict:
    """Writes the base model with the trained weights in float16, and model.json; returns what the latter says.

    A GGUF base gives model.gguf, a Hugging Face directory gives another one.
    """
    tensors = as_float16(checkpoint)
    folder.mkdir(parents=True, exist_ok=True)
    if base.is_file():
        with whole(folder / MODEL) as temporary:
            copy_gguf(base, {name: tensor.numpy() for name, tensor in tensors.items()}, temporary)
    else:
        model = load_base(base, "fp32")
        load_tensors(free_weights(model), tensors)
        model.to(torch.float16).save_pretrained(folder)
    return write_json(folder / MODEL_DESCRIPTION, {"format": 1, **description})


def describe(checkpoint: Checkpoint, sources: dict, log: list[dict], dev: list[dict]) -> dict:
    """How a checkpoint was made. sources: what the run was made of (run.json); dev: results of `evaluate`."""
    done = [line for line in log if line["step"] <= checkpoint.step]
    return {
        "base": sources["model"],
        "data": sources["data"],
        "settings": {**checkpoint.settings, "decay_start": checkpoint.decay_start},
        "position": asdict(checkpoint.position),
        "steps": checkpoint.step,
        "questions": sum(line["questions"] for line in done),
        **({"started_from": sources["adapter"]} if "adapter" in sources else {}),
        **({"teacher": sources["teacher"]} if "teacher" in sources else {}),
        "losses": {"first": mean_losses(done[:WINDOW]), "last": mean_losses(done[-WINDOW:])},
        "dev": dev,
    }


def as_float16(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    """The trained tensors. @raise ValueError where one is not finite in float16"""
    tensors = {name: tensor.to(torch.float16).contiguous() for name, tensor in checkpoint.trained.items()}
    broken = [name for name, tensor in tensors.items() if not tensor.isfinite().all()]
    if broken:
        raise ValueError(f"not finite in float16: {', '.join(broken)}")
    return tensors


def read_adapter(folder: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    """The description and the tensors of an exported adapter."""
    description = json.loads((folder / ADAPTER_DESCRIPTION).read_text("utf-8"))
    return description, load_file(folder / ADAPTER)


def mean_losses(lines: list[dict]) -> dict[str, float]:
    """Means of both losses over those lines of the log that have them."""
    found = {mode: [line[f"loss_{mode}"] for line in lines if f"loss_{mode}" in line] for mode in MODES}
    return {mode: round(fmean(losses), 4) for mode, losses in found.items() if losses}
