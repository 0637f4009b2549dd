"""What a run is made of, by SHA-256, kept in the run's folder: a resumed run must have the same."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from .data import Record
from .export import ADAPTER, read_adapter
from .files import write_json

FILE = "run.json"


def describe_sources(
    model: Path,
    licences: dict[Path | None, str],
    prompt: Path,
    start_from: Path | None,
    teacher: Path | None = None,
) -> dict:
    """{model: {name, sha256}, data: [{file, sha256, licence}], prompt: {sha256}}, the prompt's by its content.

    licences: of every file that is trained on; None is left out.
    Where the run, or the one that it takes over, started from an exported adapter, also
    adapter: {sha256, steps, questions}, its own start included; where another adapter teaches, teacher: {sha256}.
    """
    files = [
        {"file": file.name, "sha256": sha256(file), "licence": licence}
        for file, licence in licences.items()
        if file is not None
    ]
    frame = json.dumps(json.loads(prompt.read_text("utf-8")), sort_keys=True)
    adapter = first_adapter(start_from)
    return {
        **({} if adapter is None else {"adapter": adapter}),
        **({} if teacher is None else {"teacher": {"sha256": sha256(teacher / ADAPTER)}}),
        "model": {"name": model.name, "sha256": hash_model(model)},
        "data": files,
        "prompt": {"sha256": hashlib.sha256(frame.encode()).hexdigest()},
    }


def licences_of(records: list[Record]) -> str:
    """The licences of a file's records, by source."""
    return "; ".join(sorted({f"{record.source}: {record.licence}" for record in records}))


def first_adapter(start_from: Path | None) -> dict | None:
    """The adapter that a run starts from, itself or through the run whose checkpoint it takes over."""
    if start_from is None:
        return None
    if not start_from.is_dir():
        return read_sources(start_from.parent).get("adapter")
    description, _ = read_adapter(start_from)
    before = description.get("started_from", {"steps": 0, "questions": 0})
    done = {name: description[name] + before[name] for name in ("steps", "questions")}
    return {"sha256": sha256(start_from / ADAPTER), **done}


def keep_sources(run: Path, sources: dict) -> None:
    """Writes them for a new run. @raise ValueError where the folder's run has others"""
    path = run / FILE
    if not path.exists():
        run.mkdir(parents=True, exist_ok=True)
        write_json(path, sources)
    elif read_sources(run) != sources:
        raise ValueError(f"{path} says that this run was started with another model, data or prompt")


def read_sources(run: Path) -> dict:
    """What the folder's run is made of."""
    return json.loads((run / FILE).read_text("utf-8"))


def hash_model(model: Path) -> str:
    """SHA-256 of a model's weights: a GGUF file or a Hugging Face directory."""
    return sha256(model if model.is_file() else model / "model.safetensors")


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
