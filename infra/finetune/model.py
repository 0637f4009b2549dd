"""The model: a GGUF file or a Hugging Face directory, and what of it is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from peft import LoraConfig, get_peft_model
from torch.nn.functional import linear
from transformers import AutoModelForCausalLM, Cache, PreTrainedModel

from .attention import NAME, Packing

Precision = Literal["bf16", "fp32"]
# "lora": an adapter on every linear layer of the decoder; "full": the weights of these layers.
Method = Literal["lora", "full"]

# Hugging Face's name of each linear layer, and GGUF's.
LINEAR = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def load_base(path: Path, precision: Precision) -> PreTrainedModel:
    """The base model, dequantised; its query and key rows in half-split order.

    "bf16" keeps the decoder's linear layers in bfloat16 and computes them so; the residual stream, the norms
    and the output head stay in float32, and so do biases, which are added in it.
    """
    source = {"gguf_file": path.name} if path.is_file() else {}
    folder = path.parent if path.is_file() else path
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation=NAME, **source
    )
    if precision == "bf16":
        for layer in model.model.layers:
            for name in LINEAR:
                parent, _, own = name.rpartition(".")
                module = layer.get_submodule(name)
                module.weight.data = module.weight.data.bfloat16()
                if module.bias is not None:
                    setattr(layer.get_submodule(parent), own, ExactBias(module))
    return model.requires_grad_(False).eval()


class ExactBias(torch.nn.Linear):
    """A linear layer whose bias is added in float32 to a product of the weight's type: qwen2's key biases are so
    large that bfloat16 would round away what a token adds to them."""

    def __init__(self, module: torch.nn.Linear) -> None:
        super().__init__(module.in_features, module.out_features, device="meta")
        self.weight, self.bias = module.weight, module.bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[..., inputs] to [..., outputs], float32."""
        return linear(x.to(self.weight.dtype), self.weight).float() + self.bias


def trainable(
    model: PreTrainedModel, method: Method, rank: int, alpha: float
) -> dict[str, torch.nn.Parameter]:
    """The parameters to train, by GGUF tensor; the model's modules compute with them. All else is frozen."""
    return add_lora(model, rank, alpha) if method == "lora" else free_weights(model)


def free_weights(model: PreTrainedModel) -> dict[str, torch.nn.Parameter]:
    """The weights of the model's linear layers: `blk.N.attn_q.weight` [outputs, inputs], rows in half-split order."""
    return {
        f"blk.{number}.{tensor}.weight": layer.get_submodule(name).weight.requires_grad_(True)
        for number, layer in enumerate(model.model.layers)
        for name, tensor in LINEAR.items()
    }


def add_lora(model: PreTrainedModel, rank: int, alpha: float) -> dict[str, torch.nn.Parameter]:
    """Puts LoRA on the model's linear layers, in place; the base is frozen.

    Returns the adapter's parameters in float32, by GGUF tensor: `blk.N.attn_q.lora_a` [rank, inputs] and
    `blk.N.attn_q.lora_b` [outputs, rank].
    """
    targets = [name.rpartition(".")[2] for name in LINEAR]
    get_peft_model(
        model, LoraConfig(r=rank, lora_alpha=alpha, target_modules=targets), autocast_adapter_dtype=True
    )
    found = {}
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            found[gguf_name(name)] = parameter
    return found


def load_tensors(trained: dict[str, torch.nn.Parameter], tensors: dict[str, torch.Tensor]) -> None:
    """Copies tensors, by the same names, into parameters."""
    with torch.no_grad():
        for name, parameter in trained.items():
            parameter.copy_(tensors[name])


def gguf_name(name: str) -> str:
    """`model.layers.3.mlp.up_proj.lora_A.default.weight` -> `blk.3.ffn_up.lora_a`."""
    parts = name.split(".")
    layer = parts[parts.index("layers") + 1]
    linear = ".".join(parts[parts.index("layers") + 2 : parts.index("layers") + 4])
    side = "lora_a" if "lora_A" in parts else "lora_b"
    return f"blk.{layer}.{LINEAR[linear]}.{side}"


def hidden_states(
    model: PreTrainedModel, ids: torch.Tensor, packing: Packing, cache: Cache | None = None
) -> torch.Tensor:
    """Hidden states [tokens, width] of one packed sequence after the last norm. ids: [tokens]."""
    positions = torch.tensor([packing.layout.positions()], device=ids.device)
    with autocast(model):
        output = model.model(
            input_ids=ids[None],
            position_ids=positions,
            past_key_values=cache,
            use_cache=cache is not None,
            packing=packing,
        )
    return output.last_hidden_state[0].float()


def logits(model: PreTrainedModel, hidden: torch.Tensor) -> torch.Tensor:
    """The output head in float32: [rows, width] to [rows, vocabulary]."""
    return linear(hidden, model.lm_head.weight.float())


def autocast(model: PreTrainedModel) -> torch.autocast:
    """Computes linear layers in bfloat16 where the model's are."""
    low = model.model.layers[0].mlp.up_proj.weight.dtype == torch.bfloat16
    return torch.autocast(model.device.type, torch.bfloat16, enabled=low)
