"""A GGUF file with other weights, read back by transformers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, quantize

from ..gguf_file import copy_gguf
from ..model import free_weights, load_base

WIDTH, INNER, HEADS, KV_HEADS, HEAD_DIM = 64, 96, 2, 1, 32
SHAPES = {
    "attn_q": (HEADS * HEAD_DIM, WIDTH),
    "attn_k": (KV_HEADS * HEAD_DIM, WIDTH),
    "attn_v": (KV_HEADS * HEAD_DIM, WIDTH),
    "attn_output": (WIDTH, HEADS * HEAD_DIM),
    "ffn_gate": (INNER, WIDTH),
    "ffn_up": (INNER, WIDTH),
    "ffn_down": (WIDTH, INNER),
}


@pytest.fixture(params=["llama", "qwen2"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A random model of two layers, its matrices in Q8_0."""
    path = tmp_path / "base.gguf"
    writer = GGUFWriter(path, request.param)
    writer.add_name("tiny")
    writer.add_file_type(7)
    writer.add_block_count(2)
    writer.add_context_length(512)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(HEAD_DIM)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(50)
    writer.add_token_list([f"token {i} 語" for i in range(50)])
    writer.add_chat_template("{{ messages }}")
    generator = np.random.default_rng(3)

    def add(name: str, *shape: int) -> None:
        numbers = generator.standard_normal(shape, dtype=np.float32)
        quantized = GGMLQuantizationType.Q8_0 if len(shape) == 2 else GGMLQuantizationType.F32
        writer.add_tensor(name, quantize(numbers, quantized), raw_dtype=quantized)

    add("token_embd.weight", 50, WIDTH)
    add("output_norm.weight", WIDTH)
    for layer in range(2):
        for name in ("attn_norm", "ffn_norm"):
            add(f"blk.{layer}.{name}.weight", WIDTH)
        for name, shape in SHAPES.items():
            add(f"blk.{layer}.{name}.weight", *shape)
        if request.param == "qwen2":
            for name in ("attn_q", "attn_k", "attn_v"):
                add(f"blk.{layer}.{name}.bias", SHAPES[name][0])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_the_weights_that_are_given_are_read_back_and_all_else_is_as_it_was(base, tmp_path):
    weights = free_weights(load_base(base, "fp32"))
    given = {name: torch.randn_like(weight).half() for name, weight in weights.items() if ".1." in name}
    out = tmp_path / "out.gguf"
    copy_gguf(base, {name: weight.numpy() for name, weight in given.items()}, out)

    found = free_weights(load_base(out, "fp32"))
    assert len(given) == 7
    for name, weight in weights.items():
        assert torch.equal(found[name], given[name].float() if name in given else weight), name
    before, after = GGUFReader(base), GGUFReader(out)
    others = [tensor.name for tensor in before.tensors if tensor.name not in given]
    data = [{tensor.name: tensor.data for tensor in reader.tensors} for reader in (before, after)]
    assert data[0].keys() == data[1].keys()
    assert all(np.array_equal(data[0][name], data[1][name]) for name in others)
    fields = [
        {name: field.contents() for name, field in reader.fields.items() if not name.startswith("GGUF.")}
        for reader in (before, after)
    ]
    assert fields[1].pop("general.file_type") == 1
    assert fields[0].pop("general.file_type") == 7
    assert fields[0] == fields[1]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["base.gguf", "out.gguf"]


def test_a_tensor_that_the_base_does_not_have_is_an_error(base, tmp_path):
    with pytest.raises(ValueError, match="no tensor blk.9.attn_q.weight"):
        copy_gguf(base, {"blk.9.attn_q.weight": np.zeros((64, 64), np.float16)}, tmp_path / "out.gguf")
