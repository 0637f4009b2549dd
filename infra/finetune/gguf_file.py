"""A GGUF file with other weights: everything else in it, tokenizer included, stays as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gguf import GGUFReader, GGUFValueType, GGUFWriter, Keys, LlamaFileType


def copy_gguf(base: Path, tensors: dict[str, np.ndarray], out: Path) -> None:
    """Writes a copy of `base` in which some tensors are others.

    tensors: float16, by name, [outputs, inputs], the rows of queries and keys in half-split order.
    @raise ValueError where the base has no tensor of that name
    """
    reader = GGUFReader(base)
    unknown = tensors.keys() - {tensor.name for tensor in reader.tensors}
    if unknown:
        raise ValueError(f"{base} has no tensor {', '.join(sorted(unknown))}")
    writer = GGUFWriter(out, value(reader, Keys.General.ARCHITECTURE))
    if Keys.General.ALIGNMENT in reader.fields:
        writer.data_alignment = reader.alignment
    for field in reader.fields.values():
        # The writer has these of its own.
        if field.name != Keys.General.ARCHITECTURE and not field.name.startswith("GGUF."):
            kind, *inner = field.types
            content = (
                LlamaFileType.MOSTLY_F16 if field.name == Keys.General.FILE_TYPE else field.contents()
            )
            writer.add_key_value(field.name, content, kind, inner[-1] if kind == GGUFValueType.ARRAY else None)
    for tensor in reader.tensors:
        if tensor.name in tensors:
            writer.add_tensor(tensor.name, in_file_order(reader, tensor.name, tensors[tensor.name]))
        else:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def in_file_order(reader: GGUFReader, name: str, weight: np.ndarray) -> np.ndarray:
    """A weight's rows as the file has them: llama's query and key rows lie in adjacent pairs, not in halves."""
    heads = {"attn_q": "head_count", "attn_k": "head_count_kv"}.get(name.split(".")[2])
    if heads is None or value(reader, Keys.General.ARCHITECTURE) != "llama":
        return weight
    count = value(reader, f"llama.attention.{heads}")
    return np.ascontiguousarray(
        weight.reshape(count, 2, -1, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)
    )


def value(reader: GGUFReader, name: str) -> object:
    """A value of the file's metadata."""
    return reader.fields[name].contents()
