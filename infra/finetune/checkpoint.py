"""The state of a run in one file, so that a resumed run goes on exactly where the stopped one was."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from .packing import Position


@dataclass
class Checkpoint:
    """Everything that the next step follows from."""

    settings: dict
    step: int
    decay_start: int | None
    position: Position
    trained: dict[str, torch.Tensor]
    optimizer: dict
    torch_rng: torch.Tensor


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Writes to a temporary name, syncs and renames: a reader finds the old file or the new one, whole."""
    temporary = path.with_suffix(".tmp")
    fields = {**vars(checkpoint), "position": asdict(checkpoint.position)}
    with temporary.open("wb") as file:
        torch.save(fields, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def load_checkpoint(path: Path) -> Checkpoint:
    """Reads a checkpoint's tensors to the CPU; no code in it is run."""
    fields = torch.load(path, map_location="cpu", weights_only=True)
    return Checkpoint(**{**fields, "position": Position(**fields["position"])})
