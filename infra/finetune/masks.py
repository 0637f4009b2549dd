"""Which token sees which: one packed sequence under the causal ("full") and the block mask."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

Mode = Literal["full", "block"]
MODES: tuple[Mode, ...] = ("full", "block")


@dataclass(frozen=True)
class Layout:
    """How a packed sequence is cut. The tokens are the blocks of the context, then the final blocks, end to end.

    blocks: tokens of the preface and of each passage, in order; none where there are no documents.
    finals: tokens of each final block (question, assistant header, answer). A final block sees the context
        and itself, no other final block; its positions start at the context's end.
    """

    blocks: tuple[int, ...]
    finals: tuple[int, ...]

    @property
    def context(self) -> int:
        """Tokens of the context."""
        return sum(self.blocks)

    @property
    def tokens(self) -> int:
        """Tokens of the whole sequence."""
        return self.context + sum(self.finals)

    def positions(self) -> list[int]:
        """Position of every token: 0..n in the context, and again from its end for every final block."""
        context = self.context
        return list(range(context)) + [context + i for length in self.finals for i in range(length)]

    def context_runs(self, mode: Mode) -> list[tuple[int, int]]:
        """Runs [start, end) of the context that attend causally to themselves only."""
        if mode == "full" and self.blocks:
            return [(0, self.context)]
        return _runs(self.blocks, 0)

    def final_runs(self) -> list[tuple[int, int]]:
        """Where each final block lies, [start, end)."""
        return _runs(self.finals, self.context)

    def sees(self, mode: Mode, query: int, key: int) -> bool:
        """Whether the token at index `query` attends to the one at index `key`: the mask by its definition."""
        if key > query:
            return False
        if query >= self.context:
            own = next(start for start, end in self.final_runs() if start <= query < end)
            return key < self.context or key >= own
        return any(start <= key and query < end for start, end in self.context_runs(mode) if query >= start)


def _runs(lengths: tuple[int, ...], start: int) -> list[tuple[int, int]]:
    ends = list(accumulate(lengths, initial=start))
    return list(zip(ends, ends[1:]))
