"""One run: a model, a stream of sequences and an optimizer, step by step."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

import torch
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from .attention import Packing
from .checkpoint import Checkpoint
from .decoder import MergedDecoder
from .distil import Lesson, LessonFile, Teacher, divergence
from .masks import MODES, Mode
from .model import Method, Precision, load_tensors, logits, trainable
from .packing import Mix, Position, Sequence, SequenceStream
from .prompt import Prompt
from .schedule import PEAKS, learning_rate


@dataclass
class Settings:
    """What a run is made of. All of it is kept in the checkpoint and must be the same when it is resumed."""

    seed: int = 1
    method: Method = "lora"
    rank: int = 16  # this and alpha: of an adapter
    alpha: float = 32
    peak: float = PEAKS["lora"]
    warmup: int = 16
    questions: int = 8  # an optimizer step takes sequences until it has this many
    clip: float = 1.0
    weight_decay: float = 0.01
    kl_weight: float = 0.0  # of the divergence from the teacher, beside the cross entropy's
    ce_weight: float = 1.0
    precision: Precision = "bf16"
    mix: Mix = field(default_factory=Mix)


    @property
    def distils(self) -> bool:
        """Whether there is a teacher."""
        return self.kl_weight > 0 or self.mix.own_share > 0


@dataclass(frozen=True)
class Teaching:
    """What a teacher needs beside the model: its adapter (none: the model as it is) and the file of its lessons."""

    prompt: Prompt
    file: Path
    tensors: dict[str, torch.Tensor] = field(default_factory=dict)
    scale: float = 0


Job = TypeVar("Job")
Result = TypeVar("Result")

# What the log calls prompts without documents.
CHAT = "chat"


class Stopped(Exception):
    """A signal asked for the end; the step in progress was dropped."""


class Trainer:
    """Trains an adapter, or the model's own weights, on a stream of sequences."""

    def __init__(
        self,
        model: PreTrainedModel,
        stream: SequenceStream,
        settings: Settings,
        device: str = "cpu",
        parallel: int = 1,
        teaching: Teaching | None = None,
    ) -> None:
        """model: in float32 where its own weights are trained. parallel: passes, each with its share of the threads.

        teaching: needed where `settings` ask for a teacher.
        """
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.step = 0
        self.decay_start: int | None = None
        self.decay_steps = 0
        self._stopping = False
        self._first = True
        self._device = device
        self._stream = stream
        threads = max(1, torch.get_num_threads() // parallel)
        self._parallel = parallel
        self._passes = ThreadPoolExecutor(parallel, initializer=torch.set_num_threads, initargs=(threads,))
        self._model = model.to(device)
        self.trained = trainable(model, settings.method, settings.rank, settings.alpha)
        dtype = {"bf16": torch.bfloat16, "fp32": torch.float32}[settings.precision]
        self._decoder = MergedDecoder(model, self.trained, settings.alpha / settings.rank, dtype)
        self._teacher: Teacher | None = None
        if settings.distils:
            if teaching is None:
                raise ValueError("these settings need a teacher")
            weights = {name: tensor.to(device) for name, tensor in teaching.tensors.items()}
            before = MergedDecoder(model, weights, teaching.scale, dtype)  # merged before anything is trained
            self._teacher = Teacher(model, before, teaching.prompt, settings.mix.own_tokens)
            self._lessons = LessonFile(teaching.file)
        self._optimizer = torch.optim.AdamW(
            self.trained.values(), lr=settings.peak, weight_decay=settings.weight_decay, fused=True
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Takes a checkpoint's state. The settings must be those of the run that wrote it."""
        if with_defaults(checkpoint.settings) != as_json(self.settings):
            raise ValueError(f"the checkpoint's settings are others: {checkpoint.settings}")
        self.step = checkpoint.step
        self.decay_start = checkpoint.decay_start
        self.decay_steps = checkpoint.decay_steps
        self._stream.seek(checkpoint.position)
        load_tensors(self.trained, checkpoint.trained)
        self._optimizer.load_state_dict(checkpoint.optimizer)
        torch.set_rng_state(checkpoint.torch_rng)

    def start_with(self, description: dict, tensors: dict[str, torch.Tensor], same_data: bool) -> None:
        """Starts from an exported adapter: a new run, at step 0, whose data, if it is the same, goes on where the
        adapter's ended."""
        if self.settings.method != "lora":
            raise ValueError("an adapter's tensors are trained further with --method lora only")
        theirs, ours = description["settings"], as_json(self.settings)
        for name in ("rank", "alpha", "seed"):
            if theirs[name] != ours[name]:
                raise ValueError(f"the adapter was trained with {name} {theirs[name]}: say --{name} {theirs[name]}")
        load_tensors(self.trained, tensors)
        if same_data:
            self._stream.seek(Position(**description["position"]))

    def state(self) -> Checkpoint:
        """The state after the last whole step."""
        return Checkpoint(
            settings=as_json(self.settings),
            step=self.step,
            decay_start=self.decay_start,
            position=self._stream.position,
            trained={name: parameter.detach().cpu() for name, parameter in self.trained.items()},
            optimizer=self._optimizer.state_dict(),
            torch_rng=torch.get_rng_state(),
            decay_steps=self.decay_steps,
        )

    def decay(self, steps: int) -> None:
        """Begins a decay over so many steps, or goes on with one. @raise ValueError for one of another length"""
        if self.decay_start is None:
            self.decay_start, self.decay_steps = self.step, steps
        elif steps != self.decay_steps:
            raise ValueError(f"this run is in a decay over {self.decay_steps} steps, not {steps}")

    def stop(self) -> None:
        """Ends the step in progress at its next pass; safe to call from a signal handler."""
        self._stopping = True

    def train_step(self) -> dict:
        """One optimizer step; returns its line of the log.

        @raise Stopped, with the state as before the step; RuntimeError where the gradients are not finite
        """
        started = time.monotonic()
        before = self._stream.position
        sequences = list(self._step_sequences())
        rate = learning_rate(
            self.step, self.settings.peak, self.settings.warmup, self.decay_start, self.decay_steps
        )
        self._decoder.merge()
        gradients = [torch.zeros_like(parameter) for parameter in self.trained.values()]
        losses = dict.fromkeys((*MODES, CHAT), 0.0)
        apart = dict.fromkeys((*MODES, CHAT), 0.0)
        questions = dict.fromkeys((*MODES, CHAT), 0)
        try:
            lessons = self._teach(sequences)
            passes = [(lesson, mode) for lesson in lessons for mode in lesson.sequence.modes]
            passes.sort(key=lambda job: -job[0].sequence.layout.tokens)  # the last ones end at about the same time
            # Summed in the order of the passes, whichever is done first: a resumed run has the same sums.
            for (lesson, mode), (loss, kl, parts) in zip(passes, self._run(self._pass, passes)):
                sequence = lesson.sequence
                kind = mode if sequence.has_documents else CHAT
                losses[kind] += loss
                apart[kind] += kl
                questions[kind] += sequence.questions
                torch._foreach_add_(gradients, parts, alpha=1 / len(sequence.modes))
        except Stopped:
            self._stream.seek(before)
            raise
        total = sum(sequence.questions for sequence in sequences)
        for parameter, gradient in zip(self.trained.values(), gradients):
            parameter.grad = gradient.div_(total)
        norm = torch.nn.utils.clip_grad_norm_(
            self.trained.values(), self.settings.clip, error_if_nonfinite=True
        ).item()
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self.step += 1
        return {
            "step": self.step,
            **{f"loss_{kind}": round(losses[kind] / n, 5) for kind, n in questions.items() if n},
            **{f"kl_{kind}": round(apart[kind] / n, 5) for kind, n in questions.items() if n and self._teacher},
            "lr": rate,
            "grad_norm": round(norm, 4),
            "questions": total - questions[CHAT],
            "tokens": sum(lesson.sequence.layout.tokens for lesson, _ in passes),
            "seconds": round(time.monotonic() - started, 2),
            "epoch": self._stream.position.epoch,
        }

    def _teach(self, sequences: list[Sequence]) -> list[Lesson]:
        """What is trained of each sequence; with a teacher, from the file or made now and kept there. @raise Stopped"""
        if self._teacher is None:
            nothing = torch.empty(0)
            return [Lesson(sequence, nothing, nothing) for sequence in sequences]
        missing = [sequence for sequence in sequences if self._lessons.find(sequence) is None]
        for sequence, lesson in zip(missing, self._run(self._teacher.lesson, missing)):
            self._lessons.keep(sequence, lesson)
        return [self._lessons.find(sequence) for sequence in sequences]

    def _run(self, do: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """What `do` returns for each job, in order, with no more results waiting than there are passes at a time.

        The first of the process runs alone: PyTorch's libraries set themselves up in it, and where two threads did so
        at once, one had sums with other last bits (1 run of 17).

        @raise Stopped
        """
        waiting: deque[Future[Result]] = deque()
        for job in jobs:
            waiting.append(self._passes.submit(self._unless_stopped, do, job))
            if self._first or len(waiting) > self._parallel:
                self._first = False
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _unless_stopped(self, do: Callable[[Job], Result], job: Job) -> Result:
        if self._stopping:
            raise Stopped
        return do(job)

    def _pass(self, job: tuple[Lesson, Mode]) -> tuple[float, float, tuple[torch.Tensor, ...]]:
        """Sums over the answers of the mean loss and the mean divergence of their tokens, and the loss's gradients."""
        lesson, mode = job
        sequence = lesson.sequence
        targets = torch.tensor(sequence.targets, device=self._device)
        ids = torch.tensor(sequence.ids, device=self._device)
        hidden = self._decoder.hidden_states(ids, Packing(sequence.layout, mode, self._device))
        scores = logits(self._model, hidden[sequence.rows])  # of the answers' rows only
        losses = self.settings.ce_weight * cross_entropy(scores, targets, reduction="none")
        apart = torch.zeros(len(targets), device=self._device)
        if self._teacher is not None:
            apart = divergence(scores, lesson.tokens.to(self._device), lesson.logs.to(self._device))
            losses = losses + self.settings.kl_weight * apart
        loss = sum_of_means(losses, sequence.lengths)
        kl = sum_of_means(apart.detach(), sequence.lengths).item()
        return loss.item(), kl, torch.autograd.grad(loss, list(self.trained.values()))

    def _step_sequences(self) -> Iterator[Sequence]:
        questions = 0
        while questions < self.settings.questions:
            sequence = self._stream.next()
            questions += sequence.questions if sequence.has_documents else 0
            yield sequence


def sum_of_means(values: torch.Tensor, lengths: list[int]) -> torch.Tensor:
    """Sum over the answers of the mean of their tokens' values."""
    return torch.stack([answer.mean() for answer in values.split(lengths)]).sum()


def with_defaults(settings: dict) -> dict:
    """A checkpoint's settings, with the defaults of those that were not there yet when it was written."""
    defaults = as_json(Settings())
    return {**defaults, **settings, "mix": {**defaults["mix"], **settings["mix"]}}


def as_json(settings: Settings) -> dict:
    """Settings as they are read back from JSON: tuples are lists."""
    return json.loads(json.dumps(asdict(settings)))
