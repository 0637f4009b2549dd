"""The state of a run in one file, so that a resumed run goes on exactly where the stopped one was."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from .files import whole
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
    decay_steps: int = 0


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Writes a checkpoint in the place of the old one."""
    with whole(path) as temporary:
        torch.save({**vars(checkpoint), "position": asdict(checkpoint.position)}, temporary)


def load_checkpoint(path: Path) -> Checkpoint:
    """Reads a checkpoint's tensors to the CPU; no code in it is run."""
    fields = torch.load(path, map_location="cpu", weights_only=True)
    return Checkpoint(**{**fields, "position": Position(**fields["position"])})
