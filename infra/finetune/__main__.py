"""Block fine-tuning: `python -m infra.finetune COMMAND --help`, from the root of the repository."""

from __future__ import annotations

import argparse
import os
from dataclasses import fields
from pathlib import Path

from .packing import Mix
from .schedule import PEAKS

RUNS = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "blockrag-finetune"


def main() -> None:
    """Reads the command line and runs one command."""
    parser = argparse.ArgumentParser(prog="python -m infra.finetune", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    add_train(commands)
    add_chat(commands)
    add_make(commands)
    add_lessons(commands)
    add_answers(commands)
    add_evaluate(commands)
    add_export(commands)
    add_check(commands)
    arguments = parser.parse_args()
    from . import commands as actions  # PyTorch takes seconds to load: not for --help

    getattr(actions, arguments.command)(arguments)


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """What every command that runs the model needs."""
    parser.add_argument("--model", type=Path, required=True, help="a GGUF file or a Hugging Face directory")
    parser.add_argument("--prompt", type=Path, required=True, help="what `blockrag model prompt` wrote")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json of the compiled model")
    parser.add_argument("--precision", choices=["bf16", "fp32"], default="bf16", help="default: %(default)s")
    parser.add_argument("--device", default="cpu", help="cpu or cuda; default: %(default)s")
    parser.add_argument("--threads", type=int, help="CPU threads; default: PyTorch's choice")


def add_writing_options(parser: argparse.ArgumentParser, count: int) -> None:
    """What every command that writes data for training needs."""
    parser.add_argument("--data", type=Path, required=True, help="records, .jsonl or .jsonl.gz")
    parser.add_argument("--count", type=int, default=count, help="lines to write; default: %(default)s")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="a new file of JSON lines")


def add_train(commands: argparse._SubParsersAction) -> None:
    """The command `train`."""
    parser = commands.add_parser(
        "train",
        help="train, or go on with a run",
        description="Trains until a signal (SIGTERM, Ctrl-C), --steps or the end of the decay. The same command "
        "goes on where the folder's checkpoint stands.",
        epilog="example: python -m infra.finetune train --model m.gguf --prompt prompt.json --tokenizer "
        "tokenizer.json --data train-mix.jsonl.gz --run ~/.cache/blockrag-finetune/first",
    )
    add_model_options(parser)
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        action="append",
        help="records, .jsonl or .jsonl.gz; repeatable; never an eval file",
    )
    parser.add_argument(
        "--answers",
        type=Path,
        help="a teacher's answers, as `answers` writes them: lines of {id, answer}; other records are left out",
    )
    parser.add_argument("--chat", type=Path, help="prompts without documents, as `chat` writes them")
    parser.add_argument(
        "--run", type=Path, default=RUNS / "main", help="folder of the run; default: %(default)s"
    )
    parser.add_argument(
        "--start-from",
        type=Path,
        help="what a new run folder starts from: a checkpoint, or the folder of an exported adapter",
    )
    end = parser.add_mutually_exclusive_group()
    end.add_argument("--steps", type=int, help="stop after this many steps in all; default: only on a signal")
    end.add_argument("--decay-steps", type=int, default=0, help="lower the rate to zero over the next N steps")
    parser.add_argument(
        "--save-minutes", type=float, default=5, help="between checkpoints; default: %(default)s"
    )
    parser.add_argument("--keep-every", type=int, default=0, help="keep a checkpoint of every N-th step")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--method",
        choices=list(PEAKS),
        default="lora",
        help="train an adapter, or the weights of all linear layers; default: %(default)s",
    )
    parser.add_argument("--rank", type=int, default=16, help="of an adapter; default: %(default)s")
    parser.add_argument("--alpha", type=float, default=32, help="of an adapter; default: %(default)s")
    peaks = ", ".join(f"{peak:g} for {method}" for method, peak in PEAKS.items())
    parser.add_argument("--lr", type=float, help=f"of the stable phase; default: {peaks}")
    parser.add_argument(
        "--kl-weight",
        type=float,
        default=0.0,
        help="of the divergence from the teacher, full attention before training; default: %(default)s",
    )
    parser.add_argument(
        "--ce-weight", type=float, default=1.0, help="of the cross entropy of the answers; default: %(default)s"
    )
    parser.add_argument(
        "--teacher-adapter", type=Path, help="folder of an exported adapter that the teacher has; default: none"
    )
    parser.add_argument("--warmup", type=int, default=16, help="steps; default: %(default)s")
    parser.add_argument("--questions", type=int, default=8, help="of an optimizer step; default: %(default)s")
    parser.add_argument(
        "--parallel",
        type=int,
        help="passes at a time, each with its share of the threads; default: 2 on a CPU, 1 on CUDA",
    )
    for field in fields(Mix):
        if isinstance(field.default, (int, float)):
            option = "--" + field.name.replace("_", "-")
            parser.add_argument(
                option, type=type(field.default), default=field.default, help="default: %(default)s"
            )


def add_chat(commands: argparse._SubParsersAction) -> None:
    """The command `chat`."""
    parser = commands.add_parser(
        "chat",
        help="prompts without documents and the base model's own answers",
        description="Writes prompts, half of them sampled from the base model and half the questions of records, "
        "with its greedy answers, for `train --chat`.",
        epilog="example: python -m infra.finetune chat --model m.gguf --prompt prompt.json --tokenizer "
        "tokenizer.json --data train-mix.jsonl.gz --out chat.jsonl",
    )
    add_model_options(parser)
    add_writing_options(parser, count=200)
    parser.add_argument("--tokens", type=int, default=64, help="of an answer at most; default: %(default)s")


def add_make(commands: argparse._SubParsersAction) -> None:
    """The command `make`."""
    parser = commands.add_parser(
        "make",
        help="questions made by rule from the passages of records",
        description="Writes records whose questions look up, compare or chain dates, nationalities and directors of "
        "the people and films that the passages are about.",
        epilog="example: python -m infra.finetune make --data train-mix.jsonl.gz --out made.jsonl",
    )
    add_writing_options(parser, count=1200)


def add_lessons(commands: argparse._SubParsersAction) -> None:
    """The command `lessons`."""
    parser = commands.add_parser(
        "lessons",
        help="questions for the base model as a teacher, with their gold passages only",
        description="Writes records with their gold passages only, to be answered by `npm run eval -- --no-adapter "
        "--attention full --file lessons.jsonl --out said.jsonl`. With what was said so far (--said) only those that "
        "have no usable answer yet, each with a note that tells the answer.",
        epilog="example: python -m infra.finetune lessons --data train-mix.jsonl.gz --out lessons.jsonl",
    )
    add_teacher_options(parser)


def add_answers(commands: argparse._SubParsersAction) -> None:
    """The command `answers`."""
    parser = commands.add_parser(
        "answers",
        help="what the teacher said, as answers to train",
        description="Writes lines of {id, answer} for `train --answers`: the first sentence that holds a gold answer.",
        epilog="example: python -m infra.finetune answers --data train-mix.jsonl.gz --said said.jsonl --out answers.jsonl",
    )
    add_teacher_options(parser)


def add_teacher_options(parser: argparse.ArgumentParser) -> None:
    """What both commands of the teacher need."""
    parser.add_argument(
        "--data", type=Path, required=True, action="append", help="records, .jsonl or .jsonl.gz; repeatable"
    )
    parser.add_argument(
        "--said", type=Path, action="append", default=[], help="results of `npm run eval`; repeatable"
    )
    parser.add_argument("--out", type=Path, required=True, help="a new file of JSON lines")


def add_evaluate(commands: argparse._SubParsersAction) -> None:
    """The command `evaluate`."""
    parser = commands.add_parser(
        "evaluate",
        help="greedy answers on a development set, full and block",
        description="Answers a development set under both masks and prints the shares of right answers as JSON.",
        epilog="example: python -m infra.finetune evaluate --model m.gguf --prompt prompt.json --tokenizer "
        "tokenizer.json --data hotpotqa.dev2.jsonl.gz --checkpoint RUN/checkpoint.pt --limit 60 --result dev.json",
    )
    add_model_options(parser)
    parser.add_argument("--data", type=Path, required=True, help="records, .jsonl or .jsonl.gz")
    tuned = parser.add_mutually_exclusive_group()
    tuned.add_argument("--checkpoint", type=Path, help="a run's checkpoint; default: the base model")
    tuned.add_argument("--adapter", type=Path, help="folder of an exported adapter")
    parser.add_argument("--limit", type=int, help="the first N records only")
    parser.add_argument("--tokens", type=int, default=32, help="of an answer at most; default: %(default)s")
    parser.add_argument("--result", type=Path, help="also write the result there, for `export --dev`")
    parser.add_argument("--outputs", type=Path, help="write every answer there, as JSON lines")


def add_export(commands: argparse._SubParsersAction) -> None:
    """The command `export`."""
    parser = commands.add_parser(
        "export",
        help="write adapter.safetensors or model.gguf, with a description",
        description="Writes a run's adapter as `blockrag model compile --adapter` reads it, or of a run with --method "
        "full the whole model (model.gguf) for `--model`; and adapter.json or model.json, how it was made.",
        epilog="example: python -m infra.finetune export --run RUN --dev dev.json --out adapter",
    )
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--checkpoint", type=Path, help="default: the run's last")
    parser.add_argument("--model", type=Path, help="the base model of a run with --method full")
    parser.add_argument(
        "--dev", type=Path, action="append", default=[], help="a result of `evaluate`; repeatable"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")


def add_check(commands: argparse._SubParsersAction) -> None:
    """The command `check`."""
    parser = commands.add_parser(
        "check",
        help="compare token ids and the base model with golden numbers",
        description="Fails where ids differ, a next token differs, or a log-probability by more than the tolerance.",
    )
    add_model_options(parser)
    parser.add_argument("--golden", type=Path, required=True, help="JSON with tokenize[] and cases[]")


if __name__ == "__main__":
    main()
