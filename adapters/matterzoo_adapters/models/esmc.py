"""ESM C."""

from __future__ import annotations

from typing import Any

import transformers as hf

from matterzoo_adapters.models.transformer import SMALL, TransformerAdapter


class EsmcAdapter(TransformerAdapter):
    """ESM C: normalised last states; | breaks a chain."""

    model_class = hf.EsmcModel
    twin = hf.EsmcConfig(**SMALL)

    def toy_tokenizer(self) -> Any:
        """Return ESM C's tokenizer, which its class brings."""
        return hf.EsmcTokenizer()
