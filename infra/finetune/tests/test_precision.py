"""qwen2 in bfloat16 against float32: its key biases are large beside what a token adds to them."""

import pytest
import torch
from torch.nn.functional import cosine_similarity
from transformers import Qwen2Config, Qwen2ForCausalLM

from ..attention import LONG_RUN, Packing
from ..decoder import PIECE, MergedDecoder
from ..masks import MODES, Layout
from ..model import ExactBias, hidden_states, load_base, trainable

LAYOUT = Layout(blocks=(4, PIECE + 30, 1, LONG_RUN), finals=(6, 3))
RANK, ALPHA = 4, 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    """A random model whose keys have a bias a hundred times what a token adds, as the smallest qwen2 has."""
    torch.manual_seed(5)
    config = Qwen2Config(
        vocab_size=60,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    model = Qwen2ForCausalLM(config)
    with torch.no_grad():
        for layer in model.model.layers:
            attention = layer.self_attn
            for projection in (attention.q_proj, attention.k_proj, attention.v_proj):
                torch.nn.init.normal_(projection.weight, std=0.2)
            attention.q_proj.bias.normal_()
            attention.k_proj.bias.zero_()
            attention.k_proj.bias[[7, 15, 23, 31]] = 150.0  # where rotation is slow
    folder = tmp_path_factory.mktemp("qwen2")
    model.save_pretrained(folder)
    return folder


def loaded(folder, precision):
    model = load_base(folder, precision)
    trained = trainable(model, "lora", RANK, ALPHA)
    torch.manual_seed(6)
    for name, parameter in trained.items():
        torch.nn.init.normal_(parameter, std=0.05)
    return model, trained


@pytest.mark.parametrize("mode", MODES)
def test_hidden_states_and_gradients_in_bfloat16_are_those_of_float32(folder, mode):
    packing = Packing(LAYOUT, mode)
    ids = torch.randint(0, 60, (LAYOUT.tokens,), generator=torch.Generator().manual_seed(7))
    weights = torch.randn(LAYOUT.tokens, 64, generator=torch.Generator().manual_seed(8))
    found = {}
    for precision, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        model, trained = loaded(folder, precision)
        hidden = MergedDecoder(model, trained, ALPHA / RANK, dtype).hidden_states(ids, packing)
        gradients = torch.autograd.grad((hidden * weights).sum(), list(trained.values()))
        with torch.no_grad():
            found[precision] = hidden.detach(), hidden_states(model, ids, packing), dict(zip(trained, gradients))
    for exact, rounded in zip(found["fp32"][:2], found["bf16"][:2]):
        alike = cosine_similarity(exact, rounded, dim=-1)
        assert alike.mean() > 0.999 and alike.min() > 0.99
    for name, exact in found["fp32"][2].items():
        rounded = found["bf16"][2][name]
        assert cosine_similarity(exact.flatten(), rounded.flatten(), dim=0) > 0.99, name


def test_only_weights_are_rounded(folder):
    exact, rounded = (load_base(folder, precision).model.layers[0].self_attn for precision in ("fp32", "bf16"))
    assert isinstance(rounded.k_proj, ExactBias) and rounded.k_proj.weight.dtype == torch.bfloat16
    assert torch.equal(exact.k_proj.bias, rounded.k_proj.bias)
    assert rounded.o_proj.weight.dtype == torch.bfloat16
