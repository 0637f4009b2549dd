"""The pass that training runs: the modules' hidden states, with fewer passes over memory, and gradients.

The weights to compute with are made once per optimizer step, an adapter merged into them, so a layer is four products;
what LoRA's own small products would read and write again is left out. Attention runs piece by piece (`attention.py` defines what is seen),
the query heads that share a key head in one product, and keeps the probabilities for the way back. The residual
stream, the norms, the rotation, scores and softmax are float32; the rest has the type of the weights. Keys with a
bias (qwen2's are large beside what a token adds to them) stay in float32 on the way back too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn.functional import linear, silu
from transformers import PreTrainedModel

from .attention import Packing
from .model import LINEAR

# Queries of one piece of a long causal run: the keys behind them are not computed.
PIECE = 256

# One layer's attention: its number, query [n, heads, head_dim], key and value [n, kv_heads, head_dim], the scale of
# the scores, and whether keys must not be rounded; gives [n, heads * head_dim].
Attend = Callable[[int, Tensor, Tensor, Tensor, float, bool], Tensor]

# Linear layers with the same input, in the order of their outputs.
GROUPS = {
    "qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "output": ("self_attn.o_proj",),
    "gate_up": ("mlp.gate_proj", "mlp.up_proj"),
    "down": ("mlp.down_proj",),
}


class MergedDecoder:
    """A model's decoder with its weights as trained so far. `merge` is due whenever the parameters have changed."""

    def __init__(
        self, model: PreTrainedModel, trained: dict[str, Tensor], scale: float, dtype: torch.dtype
    ) -> None:
        """trained: the parameters of `model.trainable`; an adapter changes a weight by scale * B @ A. Of layers that it
        does not name the weights are the model's own.

        dtype: of the layers' products, bfloat16 or float32.
        """
        self._model = model.model
        self._layers = [_Layer(layer, n, trained, scale, dtype) for n, layer in enumerate(self._model.layers)]
        self.merge()

    def merge(self) -> None:
        """Takes over the parameters as they are now."""
        for layer in self._layers:
            for group in layer.linear.values():
                group.merge()

    def hidden_states(self, ids: Tensor, packing: Packing) -> Tensor:
        """Hidden states [tokens, width] of one packed sequence after the last norm, float32. ids: [tokens]."""
        pieces = cut(packing, ids.device)
        return self.run(
            ids,
            packing.layout.positions(),
            lambda _, *heads: attend(*heads, pieces),
        )

    def run(self, ids: Tensor, positions: list[int], attend: Attend) -> Tensor:
        """The same with an attention of the caller's. positions: of each token."""
        x = self._model.embed_tokens(ids).float()
        tables = self._model.rotary_emb(x, torch.tensor([positions], device=ids.device))  # both halves are alike
        angles = tuple(table[0, :, None].chunk(2, dim=-1)[0] for table in tables)
        for layer in self._layers:
            x = layer(x, angles, attend)
        return _norm(x, self._model.norm, torch.float32)


@dataclass(frozen=True)
class Piece:
    """Queries [start, end) see keys [first, end); `mask` [queries, m] is added to the scores of the last m keys."""

    start: int
    end: int
    first: int
    mask: Tensor


def cut(packing: Packing, device: torch.device | str) -> list[Piece]:
    """A packed sequence in pieces that together hold every query once."""
    pieces = []
    for first, last in packing.layout.context_runs(packing.mode):
        for start in range(first, last, PIECE):
            end = min(start + PIECE, last)
            causal = torch.full((end - start, end - start), float("-inf"), device=device).triu(1)
            pieces.append(Piece(start, end, first, causal))
    context, tokens = packing.layout.context, packing.layout.tokens
    seen = packing.final_mask[:, context:]
    hidden = torch.zeros(seen.shape, device=device).masked_fill(~seen, float("-inf"))
    return [*pieces, Piece(context, tokens, 0, hidden)]


class _Layer:
    def __init__(
        self,
        module: torch.nn.Module,
        number: int,
        trained: dict[str, Tensor],
        scale: float,
        dtype: torch.dtype,
    ) -> None:
        self._module = module
        self._number = number
        self._attention = module.self_attn
        self._type = dtype
        self.linear: dict[str, _Linear] = {}
        for name, members in GROUPS.items():
            bases = [getattr(found, "base_layer", found) for found in map(module.get_submodule, members)]
            tensors = [f"blk.{number}.{LINEAR[member]}" for member in members]
            if f"{tensors[0]}.lora_a" not in trained:
                self.linear[name] = _Linear(bases, dtype)
            else:
                downs = [trained[f"{tensor}.lora_a"] for tensor in tensors]
                ups = [trained[f"{tensor}.lora_b"] for tensor in tensors]
                self.linear[name] = _AdaptedLinear(bases, dtype, downs, ups, scale)

    def __call__(self, x: Tensor, angles: tuple[Tensor, Tensor], attend: Attend) -> Tensor:
        module = self._module
        qkv = self.linear["qkv"](_norm(x, module.input_layernorm, self._type))
        x = x + self.linear["output"](self._attend(qkv, angles, attend))
        gate_up = self.linear["gate_up"](_norm(x, module.post_attention_layernorm, self._type))
        return x + self.linear["down"](_SwiGlu.apply(gate_up))

    def _attend(self, qkv: Tensor, angles: tuple[Tensor, Tensor], attend: Attend) -> Tensor:
        attention = self._attention
        width = attention.head_dim
        kv_heads = attention.k_proj.out_features // width
        heads = qkv.view(len(qkv), -1, width)
        query, key, value = heads.split([heads.shape[1] - 2 * kv_heads, kv_heads, kv_heads], dim=1)
        if hasattr(attention, "q_norm"):
            query = _norm(query, attention.q_norm, torch.float32)
            key = _norm(key, attention.k_norm, torch.float32)
        query, key = _Rotation.apply(query, *angles), _Rotation.apply(key, *angles)
        exact = attention.k_proj.bias is not None
        return attend(self._number, query, key, value.to(self._type), attention.scaling, exact)


class _Linear:
    """Linear layers with the same input as one product; their weights are trained, biases are not."""

    def __init__(self, bases: list[torch.nn.Linear], dtype: torch.dtype) -> None:
        self._bases = bases
        self._type = dtype
        biases = [base.bias for base in bases if base.bias is not None]
        self._bias = torch.cat(biases).float() if biases else None

    @torch.no_grad()
    def merge(self) -> None:
        self._weight = torch.cat(self._weights()).to(self._type)

    def __call__(self, x: Tensor) -> Tensor:
        y = self._product(x)
        return y if self._bias is None else y + self._bias

    def _weights(self) -> list[Tensor]:
        return [base.weight for base in self._bases]

    def _product(self, x: Tensor) -> Tensor:
        return _JoinedLinear.apply(x, self._weight, *self._weights())


class _AdaptedLinear(_Linear):
    """Their weights are frozen; the factors of a change of each are trained."""

    def __init__(
        self,
        bases: list[torch.nn.Linear],
        dtype: torch.dtype,
        downs: list[Tensor],
        ups: list[Tensor],
        scale: float,
    ) -> None:
        super().__init__(bases, dtype)
        self._downs = downs
        self._ups = ups
        self._scale = scale

    def _weights(self) -> list[Tensor]:
        return [
            base.weight.float() + self._scale * (up @ down)
            for base, down, up in zip(self._bases, self._downs, self._ups)
        ]

    def _product(self, x: Tensor) -> Tensor:
        return _MergedLinear.apply(x, self._weight, self._scale, *self._downs, *self._ups)


class _JoinedLinear(Function):
    """x [n, inputs] to [n, outputs] by weights one below the other, which `parts` are in float32."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, *parts: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.outputs = [len(part) for part in parts]
        return linear(x, weight)

    @staticmethod
    def backward(ctx, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        dy = dy.to(x.dtype)
        dx = dy @ weight if ctx.needs_input_grad[0] else None
        return dx, None, *((part.mT @ x).float() for part in dy.split(ctx.outputs, dim=1))


class _MergedLinear(Function):
    """x [n, inputs] to [n, outputs] by the merged weight, whose gradient goes to the factors of its change."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, scale: float, *factors: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight, *factors)
        ctx.scale = scale
        return linear(x, weight)

    @staticmethod
    def backward(ctx, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, *factors = ctx.saved_tensors
        dy = dy.to(x.dtype)
        downs, ups = factors[: len(factors) // 2], factors[len(factors) // 2 :]
        ranks = [len(down) for down in downs]
        low = linear(x, torch.cat(downs).to(x.dtype))
        parts = list(zip(dy.split([len(up) for up in ups], dim=1), ups, low.split(ranks, dim=1)))
        d_ups = [(part.mT @ rows).float() * ctx.scale for part, _, rows in parts]
        d_low = torch.cat([part @ up.to(x.dtype) for part, up, _ in parts], dim=1)
        d_downs = ((d_low.mT @ x).float() * ctx.scale).split(ranks)
        dx = dy @ weight if ctx.needs_input_grad[0] else None
        return dx, None, None, *d_downs, *d_ups


def _norm(x: Tensor, module: torch.nn.Module, dtype: torch.dtype) -> Tensor:
    return _RmsNorm.apply(x, module.weight, module.variance_epsilon, dtype)


class _RmsNorm(Function):
    """Over the last axis, in float32; the result has another type. The gain is frozen."""

    @staticmethod
    def forward(ctx, x: Tensor, gain: Tensor, epsilon: float, dtype: torch.dtype) -> Tensor:
        x = x.float()
        inverse = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(epsilon).rsqrt_()
        ctx.save_for_backward(x, gain, inverse)
        return (x * inverse).mul_(gain).to(dtype)

    @staticmethod
    def backward(ctx, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, gain, inverse = ctx.saved_tensors
        dx = dy * gain
        along = torch.linalg.vecdot(dx, x)[..., None].mul_(inverse.square()).div_(x.shape[-1])
        return dx.addcmul_(x, along, value=-1).mul_(inverse), None, None, None


class _SwiGlu(Function):
    """gate and up side by side [n, 2 * width] to swish(gate) * up [n, width]."""

    @staticmethod
    def forward(ctx, gate_up: Tensor) -> Tensor:
        ctx.save_for_backward(gate_up)
        gate, up = gate_up.chunk(2, dim=1)
        return silu(gate).mul_(up)

    @staticmethod
    def backward(ctx, dy: Tensor) -> Tensor:
        (gate_up,) = ctx.saved_tensors
        gate, up = gate_up.chunk(2, dim=1)
        d_gate, d_up = (out := torch.empty_like(gate_up)).chunk(2, dim=1)
        torch.mul(dy, silu(gate), out=d_up)
        d_gate.copy_(torch.ops.aten.silu_backward(dy * up, gate))
        return out


class _Rotation(Function):
    """RoPE of [n, heads, head_dim] in half-split order, to float32. cosines and sines: [n, 1, head_dim / 2]."""

    @staticmethod
    def forward(ctx, x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
        ctx.save_for_backward(cosines, sines)
        ctx.dtype = x.dtype
        return _rotate(x.float(), cosines, sines)

    @staticmethod
    def backward(ctx, dy: Tensor) -> tuple[Tensor | None, ...]:
        cosines, sines = ctx.saved_tensors
        return _rotate(dy, cosines, -sines).to(ctx.dtype), None, None


def _rotate(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    left, right = x.chunk(2, dim=-1)
    out = torch.empty(x.shape, device=x.device)
    out_left, out_right = out.chunk(2, dim=-1)
    torch.mul(left, cosines, out=out_left).addcmul_(right, sines, value=-1)
    torch.mul(right, cosines, out=out_right).addcmul_(left, sines)
    return out


def attend(query: Tensor, key: Tensor, value: Tensor, scale: float, exact: bool, pieces: list[Piece]) -> Tensor:
    """Attention of [n, heads, head_dim] over [n, kv_heads, head_dim]; returns [n, heads * head_dim] of value's type.

    exact: keys are float32 on the way back too. The part that they share then falls out of a query's gradient, where
    in bfloat16 its rounding would drown the rest.
    """
    return _Attention.apply(query, key, value, scale, exact, pieces)


class _Attention(Function):
    """See `attend`."""

    @staticmethod
    def forward(
        ctx, query: Tensor, key: Tensor, value: Tensor, scale: float, exact: bool, pieces: list[Piece]
    ) -> Tensor:
        tokens, kv_heads, _ = key.shape
        group = query.shape[1] // kv_heads
        q, k, v = by_kv_head(query, kv_heads) * scale, by_kv_head(key, kv_heads), by_kv_head(value, kv_heads)
        out = torch.empty(q.shape, dtype=v.dtype, device=v.device)
        shares = []
        for piece in pieces:
            rows, keys = slice(piece.start * group, piece.end * group), slice(piece.first, piece.end)
            scores = q[:, rows] @ k[:, keys].mT
            # The rows of a head are (token, query head of the group).
            by_row = scores.view(kv_heads, piece.end - piece.start, group, -1)
            by_row[..., -piece.mask.shape[1] :] += piece.mask[:, None]
            share = scores.softmax(-1).to(v.dtype)
            torch.bmm(share, v[:, keys], out=out[:, rows])
            shares.append(share)
        ctx.save_for_backward(q.to(v.dtype), k if exact else k.to(v.dtype), v, out)
        ctx.scale, ctx.exact, ctx.pieces, ctx.shares = scale, exact, pieces, shares
        return by_token(out, tokens).view(tokens, -1)

    @staticmethod
    def backward(ctx, dy: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, out = ctx.saved_tensors
        kv_heads, tokens, width = k.shape
        group = q.shape[1] // tokens
        d_out = by_kv_head(dy.view(tokens, -1, width), kv_heads)
        along = torch.linalg.vecdot(d_out.float(), out.float())[..., None].to(v.dtype)
        dq = torch.empty(q.shape, dtype=k.dtype, device=k.device)
        dk, dv = torch.zeros(k.shape, device=k.device), torch.zeros(k.shape, device=k.device)
        for piece, share in zip(ctx.pieces, ctx.shares):
            rows, keys = slice(piece.start * group, piece.end * group), slice(piece.first, piece.end)
            dv[:, keys] += share.mT @ d_out[:, rows]
            d_share = d_out[:, rows] @ v[:, keys].mT
            if ctx.exact:  # a row of d_scores adds up to zero, and so does what its keys have in common
                d_share, share = d_share.float(), share.float()
                mean = torch.linalg.vecdot(d_share, share)[..., None] / share.sum(-1, keepdim=True)
                d_scores = d_share.sub_(mean).mul_(share)
            else:
                d_scores = d_share.sub_(along[:, rows]).mul_(share)
            torch.bmm(d_scores, k[:, keys], out=dq[:, rows])
            dk[:, keys] += d_scores.to(q.dtype).mT @ q[:, rows]
        d_query = by_token(dq, tokens).float() * ctx.scale
        return d_query, by_token(dk, tokens), by_token(dv, tokens).to(v.dtype), None, None, None


def by_kv_head(x: Tensor, kv_heads: int) -> Tensor:
    """[n, heads, width] to [kv_heads, n * group, width]: the query heads that share a key head are rows of one matrix."""
    tokens, heads, width = x.shape
    return x.view(tokens, kv_heads, -1, width).transpose(0, 1).reshape(kv_heads, tokens * (heads // kv_heads), width)


def by_token(x: Tensor, tokens: int) -> Tensor:
    """The inverse of `by_kv_head`."""
    kv_heads, _, width = x.shape
    return x.view(kv_heads, tokens, -1, width).transpose(0, 1).reshape(tokens, -1, width)
