"""The pass that is trained against the modules' own: hidden states, and the gradients of what is trained."""

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, PretrainedConfig, Qwen2Config, Qwen3Config

from ..attention import NAME, Packing
from ..decoder import PIECE, MergedDecoder
from ..masks import MODES, Layout
from ..model import hidden_states, trainable

SIZES = {
    "vocab_size": 50,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "head_dim": 16,
}
LAYOUT = Layout(blocks=(4, PIECE + 30, 1, 2 * PIECE), finals=(6, 1))
RANK, ALPHA = 4, 10


@pytest.fixture(scope="module", params=["lora", "full"])
def method(request: pytest.FixtureRequest):
    return request.param


@pytest.fixture(scope="module", params=[LlamaConfig, Qwen2Config, Qwen3Config])
def case(request: pytest.FixtureRequest, method):
    """A random model of one architecture, what is trained of it, none of which is zero, and the ids of a sequence."""
    torch.manual_seed(4)
    config: PretrainedConfig = request.param(**SIZES)
    if isinstance(config, Qwen2Config):
        config.head_dim = 16
    model = AutoModelForCausalLM.from_config(config, attn_implementation=NAME).requires_grad_(False).eval()
    for name, parameter in model.named_parameters():
        if "norm" in name or "bias" in name:
            parameter.add_(torch.randn_like(parameter), alpha=0.3)
    trained = trainable(model, method, RANK, ALPHA)
    for name, parameter in trained.items():
        if name.endswith("lora_b"):
            torch.nn.init.normal_(parameter, std=0.1)
    return model, trained, torch.randint(0, 50, (LAYOUT.tokens,))


@pytest.mark.parametrize("mode", MODES)
def test_hidden_states_and_gradients_are_those_of_the_modules(case, mode):
    model, trained, ids = case
    packing = Packing(LAYOUT, mode)
    expected = hidden_states(model, ids, packing)
    found = MergedDecoder(model, trained, ALPHA / RANK, torch.float32).hidden_states(ids, packing)
    weights = torch.randn_like(expected)
    wanted = torch.autograd.grad((expected * weights).sum(), list(trained.values()))
    gradients = torch.autograd.grad((found * weights).sum(), list(trained.values()))
    for name, gradient, want in zip(trained, gradients, wanted):
        assert want.abs().max() > 0, name
        torch.testing.assert_close(gradient, want, atol=2e-3, rtol=2e-3, msg=lambda text: f"{name}: {text}")


def test_changed_parameters_count_after_they_are_merged(case):
    model, trained, ids = case
    packing = Packing(LAYOUT, "block")
    decoder = MergedDecoder(model, trained, ALPHA / RANK, torch.float32)
    with torch.no_grad():
        for parameter in trained.values():
            parameter.mul_(0.5)
        decoder.merge()
        expected, found = hidden_states(model, ids, packing), decoder.hidden_states(ids, packing)
        for parameter in trained.values():
            parameter.mul_(2)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
