"""Runs of the command line on a tiny model: stopped, killed, resumed, decayed, exported."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from ..attention import Packing
from ..checkpoint import load_checkpoint
from ..data import read_chats, read_records
from ..evaluate import generate
from ..export import ADAPTER, ADAPTER_DESCRIPTION, read_adapter
from ..masks import Layout
from ..model import add_lora, free_weights, hidden_states, load_base, load_tensors
from ..prompt import Prompt
from ..trainer import with_defaults
from .tiny import write_tiny

ROOT = Path(__file__).parents[3]
STEPS = 40


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "infra.finetune", *arguments]


def call(*arguments: str) -> str:
    done = subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(*arguments: str) -> str:
    """What a command that must fail says."""
    done = subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    return done.stderr


def losses(run: Path) -> list[tuple]:
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    names = ("step", "loss_full", "loss_block", "lr", "tokens", "loss_chat")
    return [tuple(line.get(name) for name in names) for line in lines]


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return write_tiny(tmp_path_factory.mktemp("tiny"))


def test_prompts_without_documents_are_the_models_own_with_its_greedy_answers(options, tmp_path):
    chats = ["chat", *options[: options.index("--chat")], "--count", "5", "--tokens", "5", "--out"]
    for name in ("first", "second"):
        call(*chats, str(tmp_path / name))
    assert (tmp_path / "first").read_text() == (tmp_path / "second").read_text()
    found = read_chats(tmp_path / "first")
    assert len({chat.prompt for chat in found}) == 5
    assert sum(chat.prompt.startswith("What is number") for chat in found) in (2, 3, 4)
    prompt = Prompt.load(*(Path(options[options.index(name) + 1]) for name in ("--prompt", "--tokenizer")))
    base = load_base(Path(options[options.index("--model") + 1]), "bf16")
    for chat in found:
        ids, ended = generate(base, [prompt.chat(chat.prompt)], "full", 5, prompt.end)
        assert (prompt.decode(ids).strip(), ended) == (chat.answer, chat.ended)
    assert "exists" in refused(*chats, str(tmp_path / "first"))


@pytest.fixture(scope="module")
def whole(options, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted, one pass at a time; those that are compared with it have two."""
    run = tmp_path_factory.mktemp("whole")
    call("train", *options, "--run", str(run), "--steps", str(STEPS), "--keep-every", "20", "--parallel", "1")
    return run


def test_both_losses_fall(whole):
    found = losses(whole)
    assert len(found) == STEPS
    assert found[-1][1] < found[0][1] and found[-1][2] < found[0][2]
    chat = [line[-1] for line in found if line[-1] is not None]
    assert len(chat) > 3 and chat[-1] < chat[0]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_stopped_by_a_signal_and_resumed_gives_the_losses_of_one_that_never_was(
    ending, whole, options, tmp_path
):
    arguments = ["train", *options, "--run", str(tmp_path), "--steps", str(STEPS), "--save-minutes", "0"]
    process = subprocess.Popen(
        command(*arguments), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    log = tmp_path / "log.jsonl"
    while process.poll() is None and not (log.exists() and len(log.read_text().splitlines()) >= 5):
        time.sleep(0.01)
    os.kill(process.pid, ending)
    assert process.wait() == (0 if ending == signal.SIGTERM else -ending)
    assert 5 <= len(log.read_text().splitlines()) < STEPS
    with log.open("a") as file:
        file.write('{"step": 6, "loss_')  # what a kill may leave
    call("export", "--run", str(tmp_path), "--out", str(tmp_path / "so-far"))
    call(*arguments)
    assert losses(tmp_path) == losses(whole)
    first, second = (load_checkpoint(run / "checkpoint.pt").trained for run in (whole, tmp_path))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_distilled_run_stopped_and_resumed_gives_the_losses_of_one_that_never_was(options, tmp_path):
    distil = ["train", *options, "--kl-weight", "1", "--ce-weight", "0.2", "--own-share", "0.5", "--own-tokens", "6"]
    distil += ["--join-share", "0.3", "--run"]
    call(*distil, str(tmp_path / "whole"), "--steps", "8", "--parallel", "1")
    resumed = [*distil, str(tmp_path / "run"), "--steps", "8", "--save-minutes", "0"]
    process = subprocess.Popen(
        command(*resumed), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    log = tmp_path / "run" / "log.jsonl"
    while process.poll() is None and not (log.exists() and len(log.read_text().splitlines()) >= 2):
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert 2 <= len(log.read_text().splitlines()) < 8
    call(*resumed)
    found = losses(tmp_path / "run")
    assert found == losses(tmp_path / "whole")
    assert found[-1][2] < found[0][2]
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    # Before anything is learned, full attention is its own teacher.
    assert lines[0]["kl_full"] < 1e-5 < lines[-1]["kl_block"]
    first, second = (load_checkpoint(tmp_path / run / "checkpoint.pt").trained for run in ("whole", "run"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert "settings" in refused(*resumed, "--kl-weight", "0.5")


def test_an_adapter_teaches_another_run_which_says_so(whole, options, tmp_path):
    call("export", "--run", str(whole), "--out", str(tmp_path / "teacher"))
    train = ["train", *options, "--teacher-adapter", str(tmp_path / "teacher"), "--run", str(tmp_path / "run")]
    assert "--kl-weight" in refused(*train)
    call(*train, "--kl-weight", "1", "--ce-weight", "0", "--steps", "6")
    call("export", "--run", str(tmp_path / "run"), "--out", str(tmp_path / "adapter"))
    teacher, pupil = (
        json.loads((tmp_path / name / "adapter.json").read_text()) for name in ("teacher", "adapter")
    )
    assert len(pupil["teacher"]["sha256"]) == 64 and "teacher" not in teacher
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    # The divergence is the whole loss here, and what the teacher learned is not what the base says.
    assert all(line["loss_full"] == line["kl_full"] for line in log) and log[0]["kl_full"] > 0.01


def test_a_checkpoint_of_before_a_setting_was_there_is_resumed(whole):
    old = load_checkpoint(whole / "checkpoint.pt").settings
    for name in ("kl_weight", "ce_weight"):
        del old[name]
    for name in ("join_share", "own_share", "own_tokens"):
        del old["mix"][name]
    assert with_defaults(old) == load_checkpoint(whole / "checkpoint.pt").settings


def test_a_decay_starts_from_a_kept_checkpoint_and_ends_at_its_last_step(whole, options, tmp_path):
    start = whole / "step-000020.pt"
    call("train", *options, "--run", str(tmp_path), "--start-from", str(start), "--decay-steps", "5")
    found = losses(tmp_path)
    assert found[:20] == losses(whole)[:20]
    assert [round(line[3] / 6e-4, 3) for line in found[20:]] == [1, 0.8, 0.6, 0.4, 0.2]
    resumed = ["train", *options, "--run", str(tmp_path)]
    assert "over 5 steps" in refused(*resumed, "--decay-steps", "4")
    assert "leave out --steps" in refused(*resumed, "--steps", "30")
    call(*resumed)
    assert losses(tmp_path) == found
    assert "not allowed with" in refused(*resumed, "--decay-steps", "5", "--steps", "30")


def test_a_run_under_the_block_mask_alone_tells_of_one_loss(options, tmp_path):
    call("train", *options, "--run", str(tmp_path), "--steps", "2", "--full-share", "0")
    assert all(full is None and block > 0 for _, full, block, *_ in losses(tmp_path))
    call("export", "--run", str(tmp_path), "--out", str(tmp_path / "adapter"))
    description = json.loads((tmp_path / "adapter" / "adapter.json").read_text())
    assert list(description["losses"]["last"]) == ["block"]
    assert description["questions"] > 0


def test_a_run_ends_where_its_gradients_are_not_finite_and_keeps_its_last_good_checkpoint(options, tmp_path):
    train = ["train", *options, "--run", str(tmp_path), "--save-minutes", "0", "--steps", "9", "--warmup", "0"]
    assert "non-finite" in refused(*train, "--lr", "1e30")
    checkpoint = load_checkpoint(tmp_path / "checkpoint.pt")
    assert checkpoint.step == len(losses(tmp_path)) > 0
    assert all(tensor.isfinite().all() for tensor in checkpoint.trained.values())


def test_a_run_is_not_resumed_with_other_settings_or_other_data(whole, options, tmp_path):
    assert "settings" in refused("train", *options, "--run", str(whole), "--lr", "1e-3")
    other = tmp_path / "data.jsonl"
    other.write_text(Path(options[options.index("--data") + 1]).read_text() * 2)
    assert "another" in refused("train", *options, "--data", str(other), "--run", str(whole))


def test_an_exported_adapter_has_gguf_names_and_added_to_the_weights_gives_the_tuned_model(
    whole, options, tmp_path
):
    dev = tmp_path / "dev.json"
    call(
        "evaluate",
        *options[: options.index("--chat")],
        "--checkpoint",
        str(whole / "checkpoint.pt"),
        "--limit",
        "2",
        "--result",
        str(dev),
    )
    call("export", "--run", str(whole), "--dev", str(dev), "--out", str(tmp_path))
    description, tensors = read_adapter(tmp_path)
    modes = {(tmp_path / name).stat().st_mode for name in (ADAPTER, ADAPTER_DESCRIPTION)}
    assert len(modes) == 1  # who may read one may read the other
    assert description["row_order"] == "half-split" and description["scale"] == 2
    assert description["steps"] == STEPS and description["dev"][0]["questions"] == 2
    assert tensors["blk.1.ffn_down.lora_a"].shape == (16, 96)
    assert tensors["blk.0.attn_k.lora_b"].shape == (32, 16)
    assert len(tensors) == 2 * 7 * 2 and tensors["blk.0.attn_q.lora_a"].dtype == torch.float16

    model = Path(options[options.index("--model") + 1])
    tuned, merged = load_base(model, "fp32"), load_base(model, "fp32")
    load_tensors(add_lora(tuned, 16, 32), tensors)
    names = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj"}
    names |= {"attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj"}
    names |= {"ffn_down": "mlp.down_proj"}
    for name in tensors:
        if name.endswith("lora_a"):
            _, layer, linear, _ = name.split(".")
            a, b = tensors[name].float(), tensors[name.replace("lora_a", "lora_b")].float()
            weight = merged.get_parameter(f"model.layers.{layer}.{names[linear]}.weight")
            weight.add_(description["scale"] * b @ a)
    ids = torch.arange(30)
    packing = Packing(Layout((10, 10), (10,)), "block")
    with torch.no_grad():
        expected, found = (hidden_states(each, ids, packing) for each in (tuned, merged))
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_a_run_starts_from_an_exported_adapter_where_its_data_ended(whole, options, tmp_path):
    call("export", "--run", str(whole), "--out", str(tmp_path / "first"))
    description, tensors = read_adapter(tmp_path / "first")
    start = ["train", *options, "--start-from", str(tmp_path / "first"), "--run", str(tmp_path / "run")]
    assert "--rank 16" in refused(*start, "--rank", "8")
    call(*start, "--steps", "2", "--lr", "0")
    checkpoint = load_checkpoint(tmp_path / "run" / "checkpoint.pt")
    assert checkpoint.step == 2 and checkpoint.position.sequence > description["position"]["sequence"] > 0
    assert all(torch.equal(tensors[name].float(), checkpoint.trained[name]) for name in tensors)

    few = tmp_path / "few.jsonl"
    few.write_text("".join(Path(options[options.index("--data") + 1]).read_text().splitlines(keepends=True)[:2]))
    other = [*options, "--run", str(tmp_path / "other"), "--start-from", str(tmp_path / "first"), "--steps", "1"]
    other[other.index("--data") + 1] = str(few)
    call("train", *other)
    position = load_checkpoint(tmp_path / "other" / "checkpoint.pt").position
    assert 0 < position.sequence < description["position"]["sequence"]

    decay = ["--start-from", str(tmp_path / "run" / "checkpoint.pt"), "--decay-steps", "1", "--lr", "0"]
    call("train", *options, *decay, "--run", str(tmp_path / "decayed"))
    call("export", "--run", str(tmp_path / "decayed"), "--out", str(tmp_path / "second"))
    second, _ = read_adapter(tmp_path / "second")
    assert second["steps"] == 3 and second["started_from"]["steps"] == STEPS
    assert second["started_from"]["questions"] == description["questions"]


def test_all_weights_are_trained_resumed_and_exported_as_a_model(options, tmp_path):
    base = options[options.index("--model") + 1]
    train = ["train", *options, "--method", "full", "--lr", "1e-3", "--run"]
    call(*train, str(tmp_path / "whole"), "--steps", "12")
    for steps in ("5", "12"):
        call(*train, str(tmp_path / "run"), "--steps", steps)
    found = losses(tmp_path / "run")
    assert found == losses(tmp_path / "whole")
    assert found[-1][1] < found[0][1] and found[-1][2] < found[0][2]
    trained = load_checkpoint(tmp_path / "run" / "checkpoint.pt").trained
    assert len(trained) == 2 * 7 and all(tensor.dtype == torch.float32 for tensor in trained.values())

    export = ["export", "--run", str(tmp_path / "run"), "--out", str(tmp_path / "model")]
    assert "--model" in refused(*export)
    call(*export, "--model", base)
    description = json.loads((tmp_path / "model" / "model.json").read_text())
    assert description["steps"] == 12 and description["settings"]["method"] == "full"
    exported = free_weights(load_base(tmp_path / "model", "fp32"))
    assert all(torch.equal(exported[name], trained[name].half().float()) for name in exported)
    before = free_weights(load_base(Path(base), "fp32"))
    assert not any(torch.equal(exported[name], before[name]) for name in exported)
    evaluate = ["evaluate", *options[: options.index("--chat")], "--precision", "fp32", "--limit", "2"]
    results = [
        json.loads(call(*evaluate, *more))
        for more in (
            ["--checkpoint", str(tmp_path / "run" / "checkpoint.pt")],
            ["--model", str(tmp_path / "model")],
        )
    ]
    assert results[0] == {**results[1], "steps": 12}

    adapter = tmp_path / "adapter"
    call("train", *options, "--run", str(tmp_path / "lora"), "--steps", "1")
    call("export", "--run", str(tmp_path / "lora"), "--out", str(adapter))
    assert "--method lora" in refused(*train, str(tmp_path / "other"), "--start-from", str(adapter))


def test_what_the_teacher_said_is_what_is_trained_and_nothing_else(options, tmp_path):
    data, said, made = tmp_path / "data.jsonl", tmp_path / "said.jsonl", tmp_path / "answers.jsonl"
    passage = {"title": "T", "text": "There are seven.", "gold": True}
    form = {"answers": ["seven"], "passages": [passage], "source": "made", "licence": "CC0"}
    rows = [{"id": str(i), "question": f"How many are there in case {i}?", **form} for i in range(3)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    lessons = ["lessons", "--data", str(data), "--out"]
    call(*lessons, str(tmp_path / "lessons.jsonl"))
    assert [json.loads(line) for line in (tmp_path / "lessons.jsonl").read_text().splitlines()] == rows
    outputs = {"0": "There are seven of them.", "1": "There are eight."}
    said.write_text("".join(json.dumps({"id": i, "output": text}) + "\n" for i, text in outputs.items()))
    call(*lessons, str(tmp_path / "again.jsonl"), "--said", str(said))
    again = [json.loads(line) for line in (tmp_path / "again.jsonl").read_text().splitlines()]
    assert [row["id"] for row in again] == ["1", "2"] and len(again[0]["passages"]) == 2
    call("answers", "--data", str(data), "--said", str(said), "--out", str(made))
    assert json.loads(made.read_text()) == {"id": "0", "answer": "There are seven of them."}
    assert [record.answer for record in read_records(data, made)] == ["There are seven of them."]
    assert "exists" in refused(*lessons, str(tmp_path / "lessons.jsonl"))
