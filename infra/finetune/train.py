"""A run in its folder: checkpoints, the log, signals, exact resume."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path

from .checkpoint import load_checkpoint, save_checkpoint
from .export import read_adapter
from .files import whole
from .masks import MODES
from .sources import read_sources
from .trainer import Stopped, Trainer

CHECKPOINT = "checkpoint.pt"
LOG = "log.jsonl"


def train(
    trainer: Trainer,
    run: Path,
    start_from: Path | None = None,
    steps: int | None = None,
    decay_steps: int = 0,
    save_minutes: float = 5,
    keep_every: int = 0,
) -> None:
    """Trains until `steps` are done, the decay is at its end, or a signal comes; resumes what the folder holds.

    steps: of all; not for a run in a decay, which goes to its end
    start_from: what a folder without a checkpoint starts from: another run's checkpoint, whose log is taken over,
    or the folder of an exported adapter (its tensors and, in the same data, its place; the optimizer starts anew).
    """
    run.mkdir(parents=True, exist_ok=True)
    latest, log_file = run / CHECKPOINT, run / LOG
    if latest.exists():
        trainer.restore(load_checkpoint(latest))
    elif start_from is not None and start_from.is_dir():
        description, tensors = read_adapter(start_from)
        trainer.start_with(description, tensors, description["data"] == read_sources(run)["data"])
    elif start_from is not None:
        trainer.restore(load_checkpoint(start_from))
        shutil.copyfile(start_from.parent / LOG, log_file)
    cut_log(log_file, trainer.step)
    if decay_steps:
        trainer.decay(decay_steps)
    if trainer.decay_start is not None:
        if steps is not None:
            raise ValueError("this run is in a decay, which goes to its end: leave out --steps")
        steps = trainer.decay_start + trainer.decay_steps
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: trainer.stop())
    saved = time.monotonic()
    with log_file.open("a", encoding="utf-8") as log:
        while steps is None or trainer.step < steps:
            try:
                line = trainer.train_step()
            except Stopped:
                break
            print(json.dumps(line), file=log, flush=True)
            print(progress(line), flush=True)
            if keep_every and trainer.step % keep_every == 0:
                save_checkpoint(run / f"step-{trainer.step:06d}.pt", trainer.state())
            if time.monotonic() - saved >= save_minutes * 60:
                save_checkpoint(latest, trainer.state())
                saved = time.monotonic()
    save_checkpoint(latest, trainer.state())
    print(f"stopped after step {trainer.step}; {latest}", flush=True)


def read_log(path: Path) -> list[dict]:
    """The lines of a run's log, without one that a kill left unfinished."""
    return [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]


def cut_log(path: Path, step: int) -> None:
    """Drops the lines after a step: work done after the last checkpoint is done again."""
    if path.exists():
        kept = [line for line in read_log(path) if line["step"] <= step]
        with whole(path) as temporary:
            temporary.write_text("".join(f"{json.dumps(line)}\n" for line in kept), "utf-8")


def progress(line: dict) -> str:
    """A line of the log for the terminal."""
    rate = line["tokens"] / line["seconds"]
    losses = "  ".join(f"{mode} {line[f'loss_{mode}']:.3f}" for mode in MODES if f"loss_{mode}" in line)
    return (
        f"step {line['step']:5d}  {losses}  lr {line['lr']:.2e}  {rate:.0f} tokens/s  {line['seconds']:.0f} s"
    )
