"""Warm-up, a stable phase without an end, and a linear decay that starts when asked for."""

from __future__ import annotations

# The rate of the stable phase by what is trained, where none is given.
PEAKS = {"lora": 6e-4, "full": 1e-4}


def learning_rate(step: int, peak: float, warmup: int, decay_start: int | None, decay_steps: int) -> float:
    """The rate of a step, counted from 0. The last step of the decay has the smallest rate above zero."""
    rate = peak * min(1.0, (step + 1) / warmup) if warmup else peak
    if decay_start is None:
        return rate
    return rate * max(0.0, 1 - (step - decay_start) / decay_steps)
