"""The teacher's lessons against direct computations: its answers, its distributions, and the divergence from them."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn.functional import kl_div

from ..attention import Packing
from ..data import read_records
from ..decoder import MergedDecoder
from ..distil import TOP, LessonFile, Teacher, divergence, summarise
from ..evaluate import generate
from ..masks import MODES
from ..model import LINEAR, hidden_states, load_base, logits
from ..packing import pack
from ..prompt import Prompt
from .tiny import write_tiny

MOST = 7


class Spelled:
    """The prompt as a teacher needs it; a random model's tokens are no words."""

    def __init__(self, prompt: Prompt) -> None:
        self.end = prompt.end

    def decode(self, ids: list[int]) -> str:
        return " ".join(f"w{i}" for i in ids if i not in self.end)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):
    """A tiny model as its own teacher, its prompt, and a sequence of three questions."""
    folder: Path = tmp_path_factory.mktemp("tiny")
    write_tiny(folder)
    prompt = Prompt.load(folder / "prompt.json", folder / "tokenizer.json")
    model = load_base(folder / "model", "fp32")
    for name, parameter in model.named_parameters():
        if "norm" not in name:
            parameter.mul_(6)  # what other passages say must count
    teacher = Teacher(model, MergedDecoder(model, {}, 0, torch.float32), Spelled(prompt), MOST)
    records = read_records(folder / "data.jsonl")[:3]
    passages = [passage for record in records for passage in record.passages[:2]]
    return model, prompt, teacher, pack(passages, [(record, record.answer) for record in records], prompt)


def full_scores(model, sequence) -> torch.Tensor:
    ids = torch.tensor(sequence.ids)
    return logits(model, hidden_states(model, ids, Packing(sequence.layout, "full"))[sequence.rows])


@torch.no_grad()
def test_the_divergence_is_that_of_the_distributions_with_one_outcome_for_all_other_tokens():
    torch.manual_seed(1)
    mine, theirs = torch.randn(9, 300) * 3, torch.randn(9, 300) * 3
    tokens, logs = summarise(theirs)
    found = divergence(mine, tokens, logs)
    for row in range(9):
        p, q = theirs[row].double().softmax(-1), mine[row].double().softmax(-1)
        kept = set(tokens[row].tolist())
        assert min(p[i] for i in kept) >= max(p[i] for i in range(300) if i not in kept)
        others_p, others_q = (sum(x[i] for i in range(300) if i not in kept) for x in (p, q))
        expected = sum(p[i] * (p[i] / q[i]).log() for i in kept) + others_p * (others_p / others_q).log()
        assert found[row].item() == pytest.approx(expected.item(), rel=1e-4)
    whole = kl_div(mine.log_softmax(-1), theirs.log_softmax(-1), reduction="none", log_target=True).sum(-1)
    assert (found < whole).all() and (found > 0.5 * whole).all()
    assert logs.exp().sum(-1).allclose(torch.ones(9))


def test_the_divergence_is_zero_where_both_are_alike_and_its_gradient_leads_to_the_teacher():
    torch.manual_seed(2)
    theirs = torch.randn(4, 300) * 3
    lesson = summarise(theirs)
    assert divergence(theirs, *lesson).abs().max() < 1e-5
    scores = torch.randn(4, 300, requires_grad=True)
    (gradient,) = torch.autograd.grad(divergence(scores, *lesson).sum(), scores)
    wanted = scores.softmax(-1) - theirs.softmax(-1)
    kept = lesson[0].long()
    torch.testing.assert_close(gradient.gather(-1, kept), wanted.gather(-1, kept), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_a_sure_student_far_from_its_teacher_has_a_finite_divergence():
    scores = torch.zeros(1, 300)
    scores[0, 5] = 90
    found = divergence(scores, *summarise(scores.roll(1, dims=1)))
    assert found.isfinite().all() and found.item() > 80


@torch.no_grad()
def test_a_lesson_has_the_distributions_of_full_attention_over_the_answers(world):
    model, _, teacher, sequence = world
    lesson = teacher.lesson(sequence)
    assert lesson.sequence == sequence
    assert lesson.tokens.shape == (len(sequence.rows), TOP)
    tokens, logs = summarise(full_scores(model, sequence))
    torch.testing.assert_close(lesson.logs, logs, atol=1e-4, rtol=1e-4)
    assert (lesson.tokens[:, 0] == tokens[:, 0]).all()
    ids = torch.tensor(sequence.ids)
    block = logits(model, hidden_states(model, ids, Packing(sequence.layout, "block"))[sequence.rows])
    assert divergence(full_scores(model, sequence), lesson.tokens, lesson.logs).max() < 1e-5
    assert divergence(block, lesson.tokens, lesson.logs).max() > 1e-4


@torch.no_grad()
def test_answers_of_its_own_are_greedy_and_taught_where_they_hold_a_gold_one(world):
    model, prompt, teacher, sequence = world
    questions, records = sequence.taught()
    starts = [0]
    for length in sequence.layout.blocks:
        starts.append(starts[-1] + length)
    context = [sequence.ids[start:end] for start, end in zip(starts, starts[1:])]
    own = [generate(model, [*context, question], "full", MOST, prompt.end) for question in questions]
    own = [ids + prompt.end[:1] if ended else ids for ids, ended in own]
    said = [Spelled(prompt).decode(ids) for ids in own]
    # The first is right, for its gold answer is what it says; of the second it says another.
    gold = ((said[0],), ("nothing of this",), (said[2], "or this"))
    lesson = teacher.lesson(replace(sequence, own=True, gold=gold))
    assert lesson.sequence.taught() == (questions, [own[0], records[1], own[2]])
    torch.testing.assert_close(
        lesson.logs, summarise(full_scores(model, lesson.sequence))[1], atol=1e-4, rtol=1e-4
    )
    assert teacher.lesson(replace(sequence, own=True, gold=((), (), ()))).sequence.taught()[1] == records


@torch.no_grad()
def test_an_adapter_of_the_teachers_counts(world):
    model, prompt, plain, sequence = world
    torch.manual_seed(3)
    tensors = {}
    for number, layer in enumerate(model.model.layers):
        for name, tensor in LINEAR.items():
            outputs, inputs = layer.get_submodule(name).weight.shape
            tensors[f"blk.{number}.{tensor}.lora_a"] = torch.randn(4, inputs) * 0.1
            tensors[f"blk.{number}.{tensor}.lora_b"] = torch.randn(outputs, 4) * 0.1
    teacher = Teacher(model, MergedDecoder(model, tensors, 2, torch.float32), prompt, MOST)
    assert not torch.equal(teacher.lesson(sequence).logs, plain.lesson(sequence).logs)


def test_a_kept_lesson_is_found_again_as_it_was_whatever_it_is_trained_under(world, tmp_path):
    *_, teacher, sequence = world
    lesson = teacher.lesson(sequence)
    LessonFile(tmp_path / "lessons").keep(sequence, lesson)
    file = LessonFile(tmp_path / "lessons")
    block = replace(sequence, modes=MODES[1:])
    found = file.find(block)
    assert found is not None and found.sequence == replace(lesson.sequence, modes=MODES[1:])
    assert torch.equal(found.tokens, lesson.tokens) and torch.equal(found.logs, lesson.logs)
    assert file.find(replace(sequence, own=True)) is None
    file.keep(sequence, lesson)  # twice in one step
