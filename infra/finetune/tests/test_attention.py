"""Attention run by run against one call with the mask, and packed questions against each asked alone."""

from pathlib import Path

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from ..attention import Packing, packed_attention
from ..evaluate import generate
from ..masks import MODES, Layout
from ..model import hidden_states, load_base, logits
from .tiny import write_tiny

LAYOUT = Layout(blocks=(4, 9, 1, 7), finals=(6, 3))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory):
    folder: Path = tmp_path_factory.mktemp("tiny")
    write_tiny(folder)
    return load_base(folder / "model", "fp32")


@pytest.mark.parametrize("mode", MODES)
def test_outputs_and_gradients_are_those_of_the_mask(mode):
    torch.manual_seed(1)
    size = LAYOUT.tokens
    tensors = [torch.randn(1, heads, size, 16, requires_grad=True) for heads in (6, 2, 2)]
    rows = [[LAYOUT.sees(mode, query, key) for key in range(size)] for query in range(size)]
    wide = [tensors[0], *(tensor.repeat_interleave(3, dim=1) for tensor in tensors[1:])]
    expected = scaled_dot_product_attention(*wide, attn_mask=torch.tensor(rows), scale=0.3).transpose(1, 2)
    found, _ = packed_attention(torch.nn.Module(), *tensors, None, scaling=0.3, packing=Packing(LAYOUT, mode))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    weights = torch.randn_like(expected)
    wanted = torch.autograd.grad((expected * weights).sum(), tensors)
    gradients = torch.autograd.grad((found * weights).sum(), tensors)
    torch.testing.assert_close(gradients, wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("mode", MODES)
@torch.no_grad()
def test_a_question_packed_with_others_gives_what_it_gives_alone(model, mode):
    torch.manual_seed(2)
    ids = torch.randint(0, 200, (LAYOUT.tokens,))
    packed = hidden_states(model, ids, Packing(LAYOUT, mode))
    for start, end in LAYOUT.final_runs():
        own = torch.cat([ids[: LAYOUT.context], ids[start:end]])
        alone = hidden_states(model, own, Packing(Layout(LAYOUT.blocks, (end - start,)), mode))
        torch.testing.assert_close(packed[start:end], alone[LAYOUT.context :], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("mode", MODES)
@torch.no_grad()
def test_decoding_with_a_cache_gives_the_tokens_of_whole_passes(model, mode):
    torch.manual_seed(3)
    blocks = [torch.randint(0, 200, (length,)).tolist() for length in (4, 9, 7, 5)]
    found, ended = generate(model, blocks, mode, most=6, end=[])
    assert len(found) == 6 and not ended
    final = list(blocks[-1])
    for token in found:
        layout = Layout(tuple(map(len, blocks[:-1])), (len(final),))
        ids = torch.tensor([i for block in [*blocks[:-1], final] for i in block])
        scores = logits(model, hidden_states(model, ids, Packing(layout, mode))[-1:])
        assert int(scores.argmax()) == token
        final.append(token)
