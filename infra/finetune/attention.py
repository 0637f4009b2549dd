"""Scaled dot-product attention over a packed sequence, run by run: what a mask would hide is not computed."""

from __future__ import annotations

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from .masks import Layout, Mode

NAME = "packed"
# Queries from which bfloat16 is the faster type on a CPU.
LONG_RUN = 512


class Packing:
    """A layout under one mode, with the mask of its final blocks, made once for all layers."""

    def __init__(self, layout: Layout, mode: Mode, device: torch.device | str = "cpu") -> None:
        self.layout = layout
        self.mode = mode
        self.final_mask = final_mask(layout).to(device)


def final_mask(layout: Layout) -> torch.Tensor:
    """Bool [final tokens, all tokens]: what the final blocks' tokens see."""
    context = layout.context
    mask = torch.zeros(layout.tokens - context, layout.tokens, dtype=torch.bool)
    mask[:, :context] = True
    for start, end in layout.final_runs():
        own = torch.ones(end - start, end - start, dtype=torch.bool).tril()
        mask[start - context : end - context, start:end] = own
    return mask


def packed_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float,
    packing: Packing | None = None,
    **_: object,
) -> tuple[torch.Tensor, None]:
    """An attention function of transformers: query [1, heads, n, head_dim], key and value [1, kv_heads, m, head_dim].

    Without `packing` it is a step of decoding: one query that sees every key.
    Returns [1, n, heads, head_dim].
    """
    group = query.shape[1] // key.shape[1]
    key = key.repeat_interleave(group, dim=1)
    value = value.repeat_interleave(group, dim=1)
    # Keys with a bias lose what is theirs alone in bfloat16 (model.ExactBias).
    exact = getattr(getattr(module, "k_proj", None), "bias", None) is not None
    if packing is None:
        if query.shape[2] != 1:
            raise ValueError("without a packing only one token is attended at a time")
        out = attend(query, key, value, exact, scale=scaling)
        return out.transpose(1, 2), None
    lengths = [*(end - start for start, end in packing.layout.context_runs(packing.mode)), query.shape[2]]
    lengths[-1] -= sum(lengths[:-1])
    *runs, finals = zip(*(tensor.split(lengths, dim=2) for tensor in (query, key, value)))
    parts = [attend(*run, exact, is_causal=True, scale=scaling) for run in runs]
    parts.append(attend(finals[0], key, value, exact, attn_mask=packing.final_mask, scale=scaling))
    return torch.cat(parts, dim=2).transpose(1, 2), None


def attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, exact: bool, **options: object
) -> torch.Tensor:
    """One call of the kernel, in bfloat16 where autocast says so, it pays and it need not be exact.

    The result is float32.
    """
    short = query.device.type == "cpu" and query.shape[2] < LONG_RUN
    low = torch.is_autocast_enabled(query.device.type) and not short and not exact
    dtype = torch.bfloat16 if low else torch.float32
    with torch.autocast(query.device.type, enabled=False):
        return scaled_dot_product_attention(
            query.to(dtype), key.to(dtype), value.to(dtype), **options
        ).float()


AttentionInterface.register(NAME, packed_attention)
