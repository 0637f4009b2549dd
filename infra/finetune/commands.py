"""What each command of the recipe does with its arguments."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, fields, replace
from itertools import count, islice
from pathlib import Path

import torch

from .checkpoint import load_checkpoint
from .chat import sample_chats
from .data import Record, read_chats, read_lines, read_records
from .distil import FILE as TEACHER
from .evaluate import evaluate as answer_all
from .export import describe, export_adapter, export_model, read_adapter
from .files import whole, write_json
from .golden import check_model, check_tokens, read_golden
from .made import Maker
from .masks import MODES
from .model import add_lora, load_base, load_tensors, trainable
from .packing import Mix, SequenceStream
from .prompt import Prompt
from .schedule import PEAKS
from .sources import describe_sources, hash_model, keep_sources, licences_of, read_sources
from .teacher import answers as taught_answers
from .teacher import lessons as lessons_of
from .train import CHECKPOINT, LOG, read_log
from .train import train as train_run
from .trainer import Settings, Teaching, Trainer


def train(arguments: argparse.Namespace) -> None:
    """Trains."""
    set_threads(arguments)
    given = {
        field.name: getattr(arguments, field.name) for field in fields(Mix) if hasattr(arguments, field.name)
    }
    settings = Settings(
        seed=arguments.seed,
        method=arguments.method,
        rank=arguments.rank,
        alpha=arguments.alpha,
        peak=PEAKS[arguments.method] if arguments.lr is None else arguments.lr,
        warmup=arguments.warmup,
        questions=arguments.questions,
        precision=arguments.precision,
        kl_weight=arguments.kl_weight,
        ce_weight=arguments.ce_weight,
        mix=replace(Mix(), **given),
    )
    records = {path: read_records(path, arguments.answers) for path in arguments.data}
    chats = read_chats(arguments.chat) if arguments.chat is not None else []
    licences: dict = {path: licences_of(found) for path, found in records.items()}
    licences |= {arguments.answers: "a teacher's answers", arguments.chat: "written by the base model"}
    sources = describe_sources(
        arguments.model, licences, arguments.prompt, arguments.start_from, arguments.teacher_adapter
    )
    keep_sources(arguments.run, sources)
    prompt = Prompt.load(arguments.prompt, arguments.tokenizer)
    every = [record for found in records.values() for record in found]
    stream = SequenceStream(every, prompt, settings.mix, settings.seed, chats=chats)
    # Weights that are trained are kept in float32, whatever they are computed in.
    model = load_base(arguments.model, "fp32" if settings.method == "full" else settings.precision)
    parallel = arguments.parallel or (2 if arguments.device == "cpu" else 1)
    teaching = Teaching(prompt, arguments.run / TEACHER)
    if arguments.teacher_adapter is not None:
        if not settings.distils:
            raise ValueError("--teacher-adapter teaches nothing without --kl-weight or --own-share")
        description, tensors = read_adapter(arguments.teacher_adapter)
        tensors = {name: tensor.float() for name, tensor in tensors.items()}
        teaching = replace(teaching, tensors=tensors, scale=description["scale"])
    trainer = Trainer(model, stream, settings, arguments.device, parallel, teaching)
    train_run(
        trainer,
        arguments.run,
        start_from=arguments.start_from,
        steps=arguments.steps,
        decay_steps=arguments.decay_steps,
        save_minutes=arguments.save_minutes,
        keep_every=arguments.keep_every,
    )


def chat(arguments: argparse.Namespace) -> None:
    """Writes prompts and the base model's answers."""
    set_threads(arguments)
    prompt = Prompt.load(arguments.prompt, arguments.tokenizer)
    model = load_base(arguments.model, arguments.precision).to(arguments.device)
    questions = [record.question for record in read_records(arguments.data)]
    found = sample_chats(model, prompt, questions, arguments.seed, arguments.tokens)

    def lines() -> Iterator[dict]:
        for number, sample in enumerate(islice(found, arguments.count), 1):
            print(f"{number}/{arguments.count}", file=sys.stderr)
            yield asdict(sample)

    write_lines(arguments.out, lines())


def make(arguments: argparse.Namespace) -> None:
    """Writes questions made by rule."""
    maker = Maker(read_records(arguments.data), arguments.seed)
    write_lines(arguments.out, maker.records(arguments.count))


def lessons(arguments: argparse.Namespace) -> None:
    """Writes the teacher's lessons."""
    records = read_all(arguments.data)
    said = read_said(arguments.said)
    taught = {line["id"] for line in taught_answers(records, said)} if said else None
    print(f"{write_lines(arguments.out, lessons_of(records, taught))} of {len(records)} questions")


def answers(arguments: argparse.Namespace) -> None:
    """Writes what the teacher said as answers to train."""
    records = read_all(arguments.data)
    taught = write_lines(arguments.out, taught_answers(records, read_said(arguments.said)))
    print(f"answers to {taught} of {len(records)} questions")


def evaluate(arguments: argparse.Namespace) -> None:
    """Evaluates."""
    set_threads(arguments)
    prompt = Prompt.load(arguments.prompt, arguments.tokenizer)
    records = read_records(arguments.data)[: arguments.limit]
    model = load_base(arguments.model, arguments.precision)
    result: dict = {"file": arguments.data.name, "precision": arguments.precision, "tokens": arguments.tokens}
    if arguments.checkpoint is not None:
        checkpoint = load_checkpoint(arguments.checkpoint)
        settings = checkpoint.settings
        parameters = trainable(model, settings["method"], settings["rank"], settings["alpha"])
        load_tensors(parameters, checkpoint.trained)
        result["steps"] = checkpoint.step
    elif arguments.adapter is not None:
        description, tensors = read_adapter(arguments.adapter)
        load_tensors(add_lora(model, description["rank"], description["alpha"]), tensors)
        result["steps"] = description["steps"]
    model.to(arguments.device)
    outputs = nullcontext() if arguments.outputs is None else arguments.outputs.open("w", encoding="utf-8")
    with outputs as file:
        done = count(1)

        def report(line: dict) -> None:
            if file is not None:
                print(json.dumps(line, ensure_ascii=False), file=file, flush=True)
            marks = ", ".join(f"{mode} {'+' if line[mode]['right'] else '-'}" for mode in MODES)
            print(f"{next(done)}/{len(records)}  {marks}", file=sys.stderr, flush=True)

        result |= answer_all(model, prompt, records, arguments.tokens, report)
    if arguments.result is not None:
        write_json(arguments.result, result)
    print(json.dumps(result))


def export(arguments: argparse.Namespace) -> None:
    """Exports."""
    checkpoint = load_checkpoint(arguments.checkpoint or arguments.run / CHECKPOINT)
    dev = [json.loads(path.read_text("utf-8")) for path in arguments.dev]
    sources = read_sources(arguments.run)
    description = describe(checkpoint, sources, read_log(arguments.run / LOG), dev)
    if checkpoint.settings["method"] == "lora":
        description = export_adapter(checkpoint, description, arguments.out)
    elif arguments.model is None:
        raise ValueError("the weights themselves were trained: --model says which model they belong to")
    elif hash_model(arguments.model) != sources["model"]["sha256"]:
        raise ValueError(f"{arguments.model} is not the model that the run was started with")
    else:
        description = export_model(checkpoint, arguments.model, description, arguments.out)
    print(json.dumps(description, indent=2))


def check(arguments: argparse.Namespace) -> None:
    """Checks."""
    set_threads(arguments)
    golden = read_golden(arguments.golden)
    wrong = check_tokens(golden, Prompt.load(arguments.prompt, arguments.tokenizer))
    for text in wrong:
        print(f"other token ids: {text!r}")
    tolerance = {"fp32": 0.01, "bf16": 0.15}[arguments.precision]
    model = load_base(arguments.model, arguments.precision).to(arguments.device)
    for name, difference, same in check_model(golden, model):
        good = same and difference <= tolerance
        print(f"{'ok' if good else 'WRONG'}  {difference:.5f}  {name}")
        wrong += [] if good else [name]
    sys.exit(1 if wrong else 0)


def read_all(paths: list[Path]) -> list[Record]:
    """The records of all files."""
    return [record for path in paths for record in read_records(path)]


def read_said(paths: list[Path]) -> dict[str, list[str]]:
    """What the teacher said to each question, by id, in the order of the files: results of `npm run eval`."""
    said: dict[str, list[str]] = {}
    for path in paths:
        for line in read_lines(path):
            said.setdefault(line["id"], []).append(line["output"])
    return said


def write_lines(path: Path, lines: Iterable[dict]) -> int:
    """Writes a new file of JSON lines; returns how many. @raise FileExistsError"""
    if path.exists():
        raise FileExistsError(f"{path} exists")
    written = 0
    with whole(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for written, line in enumerate(lines, 1):
            print(json.dumps(line, ensure_ascii=False), file=file)
    return written


def set_threads(arguments: argparse.Namespace) -> None:
    """Takes the number of CPU threads from the command line."""
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
