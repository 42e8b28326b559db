"""GPT-OSS: a mixture of experts, of which every second layer sees the last few tokens only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import transformers as hf

from matterzoo_adapters.models.chat import AtomisticAdapter, ChatAdapter
from matterzoo_adapters.models.transformer import IDS, SMALL


class GptOssAdapter(ChatAdapter):
    """GPT-OSS."""

    model_class = hf.GptOssModel
    twin = hf.GptOssConfig(
        **SMALL, **IDS, num_key_value_heads=2, head_dim=8, num_local_experts=4, num_experts_per_tok=2, sliding_window=16
    )

    def trained(self, folder: Path, **how: Any) -> Any:
        """Unpack experts of MXFP4: what computes with them as they are is fetched from the hub when it runs."""
        if getattr(hf.AutoConfig.from_pretrained(folder, local_files_only=True), "quantization_config", None):
            how["quantization_config"] = hf.Mxfp4Config(dequantize=True)
        return super().trained(folder, **how)


class GptOssAtomsAdapter(AtomisticAdapter, GptOssAdapter):
    """GPT-OSS, given structures as ASE prints them."""
