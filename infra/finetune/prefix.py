"""What a decoder has read, with its keys and values, and the tokens that come after: for a teacher, without gradients."""

from __future__ import annotations

import torch
from torch import Tensor

from .attention import Packing
from .decoder import MergedDecoder, attend, by_kv_head, by_token, cut
from .masks import Layout


class Prefix:
    """A packed sequence read under the causal mask; each of its final blocks can be gone on with, beside the others.

    A copy (copy.copy) goes on by itself.

    hidden: [tokens, width] of the whole sequence, float32.
    """

    @torch.no_grad()
    def __init__(self, decoder: MergedDecoder, ids: Tensor, layout: Layout) -> None:
        """ids: [tokens], of the layout."""
        self._decoder = decoder
        self._keys: list[Tensor] = []
        self._values: list[Tensor] = []
        self._next = [layout.context + length for length in layout.finals]
        self._seen = torch.zeros(len(layout.finals), layout.tokens, dtype=torch.bool, device=ids.device)
        self._seen[:, : layout.context] = True
        for final, (start, end) in enumerate(layout.final_runs()):
            self._seen[final, start:end] = True
        pieces = cut(Packing(layout, "full", ids.device), ids.device)

        def keep(_: int, query: Tensor, key: Tensor, value: Tensor, scale: float, exact: bool) -> Tensor:
            self._keys.append(key)
            self._values.append(value)
            return attend(query, key, value, scale, exact, pieces)

        self.hidden = decoder.run(ids, layout.positions(), keep)

    @torch.no_grad()
    def extend(self, parts: list[list[int]], keep: bool = True) -> list[Tensor]:
        """Hidden states [tokens, width] of what comes next in each final block, float32. parts: token ids of each.

        keep: whether the next call goes on after them.
        """
        lengths = [len(part) for part in parts]
        if not sum(lengths):
            return list(self.hidden[:0].split(lengths))
        device = self.hidden.device
        ids = torch.tensor([token for part in parts for token in part], device=device)
        positions = [self._next[final] + i for final, length in enumerate(lengths) for i in range(length)]
        owner = torch.tensor([final for final, length in enumerate(lengths) for _ in range(length)], device=device)
        own = owner[:, None] == owner
        seen = torch.cat([self._seen[owner], own.tril()], dim=1)
        mask = torch.zeros(seen.shape, device=device).masked_fill_(~seen, float("-inf"))
        grown: list[tuple[Tensor, Tensor]] = []

        def follow(layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float, _: bool) -> Tensor:
            keys, values = torch.cat([self._keys[layer], key]), torch.cat([self._values[layer], value])
            grown.append((keys, values))
            heads = keys.shape[1]
            scores = by_kv_head(query, heads) @ by_kv_head(keys, heads).mT * scale
            # The rows of a head are (token, query head of the group).
            by_row = scores.view(heads, len(query), -1, len(keys))
            share = by_row.add_(mask[:, None]).softmax(-1).view_as(scores)
            return by_token(share.to(value.dtype) @ by_kv_head(values, heads), len(query)).flatten(1)

        hidden = self._decoder.run(ids, positions, follow)
        if keep:
            self._keys, self._values = map(list, zip(*grown))
            finals = torch.arange(len(parts), device=device)
            self._seen = torch.cat([self._seen, finals[:, None] == owner], dim=1)
            self._next = [position + length for position, length in zip(self._next, lengths)]
        return list(hidden.split(lengths))
