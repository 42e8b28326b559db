"""MoLFormer and GP-MoLFormer: linear attention over random features, which are the checkpoint's and stay the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import transformers as hf

from matterzoo_adapters.models.remote_code import RemoteCodeAdapter


class MolformerAdapter(RemoteCodeAdapter):
    """MoLFormer: each token sees all others."""

    model_class = hf.AutoModel
    twin = SimpleNamespace(model_type="molformer")
    arguments: ClassVar[dict[str, Any]] = {"deterministic_eval": True}
    """If not, as in the published configuration, the random features are drawn anew at each call."""


class GPMolformerAdapter(MolformerAdapter):
    """GP-MoLFormer: a token's state knows only what stands before it."""

    model_class = hf.AutoModelForCausalLM

    def part(self, model: Any) -> Any:
        """Return the model without its head."""
        return model.molformer
