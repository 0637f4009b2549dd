"""The pass that is trained against the modules' own: hidden states, and the gradients of the adapter."""

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, PretrainedConfig, Qwen2Config, Qwen3Config

from ..attention import NAME, Packing
from ..decoder import PIECE, MergedDecoder
from ..masks import MODES, Layout
from ..model import add_lora, hidden_states

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


@pytest.fixture(scope="module", params=[LlamaConfig, Qwen2Config, Qwen3Config])
def case(request: pytest.FixtureRequest):
    """A random model of one architecture with an adapter, none of whose tensors is zero, and the ids of a sequence."""
    torch.manual_seed(4)
    config: PretrainedConfig = request.param(**SIZES)
    if isinstance(config, Qwen2Config):
        config.head_dim = 16
    model = AutoModelForCausalLM.from_config(config, attn_implementation=NAME).requires_grad_(False).eval()
    for name, parameter in model.named_parameters():
        if "norm" in name or "bias" in name:
            parameter.add_(torch.randn_like(parameter), alpha=0.3)
    adapter = add_lora(model, RANK, ALPHA)
    for name, parameter in adapter.items():
        if name.endswith("lora_b"):
            torch.nn.init.normal_(parameter, std=0.1)
    return model, adapter, torch.randint(0, 50, (LAYOUT.tokens,))


@pytest.mark.parametrize("mode", MODES)
def test_hidden_states_and_gradients_are_those_of_the_modules(case, mode):
    model, adapter, ids = case
    packing = Packing(LAYOUT, mode)
    expected = hidden_states(model, ids, packing)
    found = MergedDecoder(model, adapter, ALPHA / RANK).hidden_states(ids, packing)
    weights = torch.randn_like(expected)
    wanted = torch.autograd.grad((expected * weights).sum(), list(adapter.values()))
    gradients = torch.autograd.grad((found * weights).sum(), list(adapter.values()))
    for name, gradient, want in zip(adapter, gradients, wanted):
        assert want.abs().max() > 0, name
        torch.testing.assert_close(gradient, want, atol=2e-3, rtol=2e-3, msg=lambda text: f"{name}: {text}")


def test_a_changed_adapter_counts_after_it_is_merged(case):
    model, adapter, ids = case
    packing = Packing(LAYOUT, "block")
    decoder = MergedDecoder(model, adapter, ALPHA / RANK)
    with torch.no_grad():
        for parameter in adapter.values():
            parameter.mul_(0.5)
        decoder.merge()
        expected, found = hidden_states(model, ids, packing), decoder.hidden_states(ids, packing)
        for parameter in adapter.values():
            parameter.mul_(2)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
