"""Large language models: told what to do by a prompt, then given the record as what a user says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from matterzoo_adapters.base import AtomsBatch, Embedding, TextBatch
from matterzoo_adapters.models.large import LazyArrays, checked_placement, placement, require_memory
from matterzoo_adapters.models.tokens import Written
from matterzoo_adapters.models.transformer import TransformerAdapter
from matterzoo_schemas.columns import Array

MARK = "\x00"
"""Stands for the record while a conversation is written; in no prompt and no template."""
SAME_DAY = "{%- macro strftime_now(format) -%}2025-12-03{%- endmacro -%}\n"
"""Templates may write today's date, and the vectors would change with it: they are told this one."""


class ChatAdapter(TransformerAdapter):
    """The states of the record's own tokens, before the model would answer.

    The option `prompt` names a file beside this one, which becomes the system's message; with `none` the record stands
    by itself. A causal model's states do not depend on what stands behind them: the conversation ends with the record.
    """

    frame = "$A"

    @cached_property
    def before(self) -> str:
        """What stands before the record.

        Raises
        ------
        ValueError
            If the checkpoint's tokenizer has no template of a conversation.
        """
        name = self.setup.options.get("prompt", "none")
        if name == "none":
            return ""
        if not self.tokenizer.chat_template:
            raise ValueError("the tokenizer has no template of a conversation; prompt=none takes the record by itself")
        prompt = Path(__file__).with_name(f"chat.{name}.txt").read_text("utf-8")
        said = [{"role": "system", "content": " ".join(prompt.split())}, {"role": "user", "content": MARK}]
        template = SAME_DAY + self.tokenizer.get_chat_template()
        whole: str = self.tokenizer.apply_chat_template(said, chat_template=template, tokenize=False)
        before, found, _ = whole.partition(MARK)
        if not found:
            raise ValueError("the tokenizer's template leaves out what the user says")
        return before

    @property
    def framed(self) -> bool:  # type: ignore[override]
        """Whether the tokenizer adds its own special tokens: a conversation has them already."""
        return not self.before

    def written(self, string: str) -> Written:
        """Put the conversation before the record."""
        return Written([self.before, string], [-1, 0], glue="") if self.before else super().written(string)

    def toy_tokenizer(self) -> Any:
        """Return a tokenizer of characters, with a template of its own."""
        tokenizer = super().toy_tokenizer()
        tokenizer.chat_template = "{% for said in messages %}<s>{{ said.role }}: {{ said.content }}</s>{% endfor %}"
        return tokenizer

    def trained(self, folder: Path, **how: Any) -> Any:
        """Return the checkpoint's model in the precision that is asked for, on one device or several.

        Raises
        ------
        RuntimeError
            If there is not enough memory, before anything is loaded.
        """
        precision = self.setup.options.get("precision", "float32")
        require_memory(folder, precision, self.device)
        return checked_placement(super().trained(folder, **placement(precision, self.device), **how))

    def placed(self, model: Any) -> Any:
        """Return the model where it lies; the small one goes to the device."""
        if not self.setup.random_weights:
            return model
        wanted = self.setup.options.get("precision", "float32")
        return model.to(self.device, torch.bfloat16 if wanted == "bfloat16" else torch.float32)

    def weights(self) -> Mapping[str, Array]:
        """Return every learned array, one at a time in the host's memory."""
        return LazyArrays(self.model.state_dict())


class AtomisticAdapter(ChatAdapter):
    """Atoms as ASE prints them, one vector a structure: the mean over the tokens of what is printed."""

    batch_type = AtomsBatch  # type: ignore[assignment]
    padded = False

    def strings(self, batch: Any) -> list[str]:
        """Print each structure."""
        return [printed(atoms) for atoms in batch.ase_atoms]

    @torch.inference_mode()
    def embed(self, batch: TextBatch) -> Embedding:
        """Return one vector a structure [n, d]."""
        tokens = super().embed(batch)
        offsets = tokens.offsets
        assert offsets is not None
        parts = zip(offsets[:-1], offsets[1:], strict=True)
        means = torch.stack([tokens.layers["last"][a:b].float().mean(0) for a, b in parts])
        return Embedding({"last": means}, per_record=True)


def printed(atoms: Any) -> str:
    """Return a structure as ASE shows it, then what it consists of; lengths in Å, with ten decimals."""
    shown = [f"'numbers': {atoms.numbers.tolist()}", f"'positions': {_rows(atoms.positions)}"]
    shown += [f"'cell': {_rows(atoms.cell.array)}", f"'pbc': {atoms.pbc.tolist()}"]
    line = f"Atoms(symbols={str(atoms.symbols)!r}, pbc={bool(atoms.pbc.all())})"
    return f"{line}\n{{{', '.join(shown)}}}"


def _rows(values: Any) -> str:
    rows = (", ".join(f"{number + 0.0:.10f}" for number in row) for row in values.tolist())
    return f"[{', '.join(f'[{row}]' for row in rows)}]"
