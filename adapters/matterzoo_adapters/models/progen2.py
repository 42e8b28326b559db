"""ProGen2: a residue's state knows only what stands before it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import transformers as hf

from matterzoo_adapters.base import TextBatch
from matterzoo_adapters.models.remote_code import RemoteCodeAdapter
from matterzoo_adapters.models.tokens import Written


class ProGen2Adapter(RemoteCodeAdapter):
    """ProGen2, given a sequence from its N-terminus on, which its authors mark by 1."""

    model_class = hf.AutoModelForCausalLM
    twin = SimpleNamespace(model_type="progen")

    def published_tokenizer(self, folder: Path) -> Any:
        """Return the tokenizer, of which the repository has one file only."""
        return hf.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))

    def part(self, model: Any) -> Any:
        """Return the model without its head."""
        return model.transformer

    def _longest(self) -> int:
        """Return how many tokens a sequence may have: attention reaches no further."""
        return min(super()._longest(), int(self.model.config.n_positions))

    def written(self, string: str) -> Written:
        """Write 1 before the sequence."""
        return Written(["1", string], [-1, 0], glue="")

    def refuse(self, batch: TextBatch) -> dict[int, str]:
        """Refuse, besides, a sequence with a letter that the tokenizer leaves out."""
        refused = super().refuse(batch)
        for row, (string, tokens) in enumerate(zip(batch.strings, self.tokens(batch.strings), strict=True)):
            read = next((place for place, start in enumerate(tokens.index) if start != place), len(tokens.index))
            if read < len(string) and len(tokens.ids) < self.most:
                refused.setdefault(row, f"the tokenizer does not know what stands at character {read + 1}")
        return refused
