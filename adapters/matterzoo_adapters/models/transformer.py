"""Language models that Hugging Face's transformers runs: what all architectures share."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import transformers as hf

from matterzoo_adapters.base import Embedding, Setup, TextAdapter, TextBatch, Tokens
from matterzoo_adapters.batching import batches
from matterzoo_adapters.conformance.strings import PROBES
from matterzoo_adapters.models.tokens import Written, character_tokenizer, tokenise

SMALL: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
IDS: dict[str, Any] = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
"""Of the twins, as `character_tokenizer` has them."""


class TransformerAdapter(TextAdapter):
    """The last hidden states of one architecture; a node is a token, without those that the tokenizer adds.

    A subclass names the classes, and how its authors write a string.
    """

    model_class: ClassVar[Any]
    twin: ClassVar[Any]
    """A small configuration, for random weights."""
    arguments: ClassVar[dict[str, Any]] = {}
    """Of the model's constructor: a pooler, which checkpoints of masked language models lack, would be random."""
    learned_positions: ClassVar[bool] = False
    """Whether there is a vector for each position, and so a longest string."""
    frame: ClassVar[str] = "<s> $A </s>"
    """Where the random twin's tokenizer puts its special tokens."""
    residues: ClassVar[bool] = False
    """Whether the tokenizer is given the string in pieces, one a residue."""
    framed: ClassVar[bool] = True
    """Whether the tokenizer adds its special tokens."""
    remote_code: ClassVar[bool] = False
    """Whether the checkpoint brings code of its own, which is then imported."""

    def __init__(self, setup: Setup, device: Any) -> None:
        super().__init__(setup, device)
        self._seen: dict[str, Tokens] = {}

    def load(self) -> None:
        """Load tokenizer and model from the checkpoint's folder, or build both small.

        Raises
        ------
        ValueError
            If the checkpoint is of another architecture, lacks weights, or its tokenizer does not see the strings.
        """
        if self.setup.random_weights:
            self.tokenizer = self.toy_tokenizer()
            model = self.untrained()
        else:
            self.tokenizer = self.published_tokenizer(self.setup.checkpoint)
            model = self.trained(self.setup.checkpoint)
        self.model = self.placed(self.part(model)).eval()
        self.model.config.use_cache = False
        self.most = self._longest()
        self._check_tokenizer()

    @property
    def _local(self) -> dict[str, bool]:
        return {"local_files_only": True, "trust_remote_code": self.remote_code}

    def untrained(self) -> Any:
        """Return the small model as its constructor draws it."""
        config = self.twin.__class__.from_dict({**self.twin.to_dict(), "vocab_size": len(self.tokenizer)})
        return self.model_class(config, **self.arguments)

    def trained(self, folder: Path, **how: Any) -> Any:
        """Return the checkpoint's model, all of its weights the checkpoint's.

        Raises
        ------
        ValueError
            If the checkpoint is of another architecture, or lacks weights.
        """
        kind = hf.AutoConfig.from_pretrained(folder, **self._local).model_type
        if kind != self.twin.model_type:
            raise ValueError(
                f"the checkpoint is of the architecture {kind!r}, and the card's adapter {type(self).__name__}"
                f" takes {self.twin.model_type!r}: correct `adapter` on the card"
            )
        how = {"dtype": torch.float32, **self._local, **self.arguments, **how}
        model, told = self.model_class.from_pretrained(folder, output_loading_info=True, **how)
        if missing := sorted(told["missing_keys"]):
            raise ValueError(f"the checkpoint lacks {len(missing)} weights, which would be random: {missing[0]}, …")
        return model

    def published_tokenizer(self, folder: Path) -> Any:
        """Return the checkpoint's tokenizer."""
        return hf.AutoTokenizer.from_pretrained(folder, **self._local)

    def part(self, model: Any) -> Any:
        """Return the part of the model that is run."""
        return model

    def placed(self, model: Any) -> Any:
        """Return the model on its device, in the precision that it runs in."""
        return model.to(self.device, torch.float32)

    def toy_tokenizer(self) -> Any:
        """Return a tokenizer for random weights."""
        return character_tokenizer(self.frame)

    def written(self, string: str) -> Written:
        """Return a string as its authors write it."""
        if not self.residues:
            return Written([string], [0])
        return Written(list(string), list(range(len(string))))

    def strings(self, batch: Any) -> Sequence[str]:
        """Return what is read of a batch."""
        strings: Sequence[str] = batch.strings
        return strings

    def refuse(self, batch: TextBatch) -> dict[int, str]:
        """Refuse what has no token, is not seen as a whole, or is too long."""
        self._seen.clear()
        reasons = map(self._problem, self.tokens(self.strings(batch)))
        return {row: reason for row, reason in enumerate(reasons) if reason}

    @torch.inference_mode()
    def embed(self, batch: TextBatch) -> Embedding:
        """Return a vector a token [Σ nᵢ, d], padded on the right; `index` is the character where each begins.

        The worker counts characters, or atoms. A prompt, or a printed structure, has many times as many tokens: where
        there are more than twice the node budget, the batch is run in parts.
        """
        every = self.tokens(self.strings(batch))
        lengths = np.array([len(tokens.ids) for tokens in every])
        states: list[Any] = [None] * len(every)
        for rows in batches(lengths, np.arange(len(every)), 2 * self.setup.node_budget, padded=True):
            hidden = self._hidden([every[row].ids for row in rows])
            for row, values in zip(rows.tolist(), hidden, strict=True):
                states[row] = values[torch.tensor(every[row].nodes, device=values.device)]
        index = np.fromiter(chain.from_iterable(tokens.index for tokens in every), np.int64)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum([len(tokens.nodes) for tokens in every])])
        return Embedding({"last": torch.cat(states)}, None, offsets, index)

    def _hidden(self, rows: Sequence[Sequence[int]]) -> Any:
        """Return the last hidden states [n, longest, d] of token ids."""
        lengths = torch.tensor([len(row) for row in rows])
        longest = int(lengths.max())
        ids = torch.full((len(rows), longest), self._padding())
        for row, tokens in enumerate(rows):
            ids[row, : len(tokens)] = torch.tensor(tokens)
        mask = (torch.arange(longest) < lengths[:, None]).long()
        return self.model(input_ids=ids.to(self.device), attention_mask=mask.to(self.device)).last_hidden_state

    def _padding(self) -> int:
        known = (self.model.config.pad_token_id, self.tokenizer.pad_token_id, 0)
        return next(number for number in known if number is not None)

    def _longest(self) -> int:
        """Return how many tokens a string may have: as the card says, and as positions are there."""
        stated = self.setup.card["domain"]["max_nodes"] or 10**9
        if not self.learned_positions:
            return int(stated)
        return int(min(stated, self.model.config.max_position_embeddings - self.first_position))

    @property
    def first_position(self) -> int:
        """The first token's position."""
        return 0

    def tokens(self, strings: Sequence[str]) -> list[Tokens]:
        """Return strings as the model reads them; each is read once a shard."""
        new = [string for string in dict.fromkeys(strings) if string not in self._seen]
        if new:
            options = self.setup.options
            found = tokenise(
                self.tokenizer, list(map(self.written, new)), parted=self.residues,
                most=self.most if options.get("truncation") == "on" else None,
                special=options.get("special_tokens") == "kept", framed=self.framed,
            )  # fmt: skip
            self._seen.update(zip(new, found, strict=True))
        return [self._seen[string] for string in strings]

    @property
    def blind(self) -> frozenset[int]:
        """The ids of unknown and padding."""
        return frozenset({self.tokenizer.unk_token_id, self.tokenizer.pad_token_id} - {None})

    def _problem(self, tokens: Tokens) -> str:
        if not tokens.nodes:
            return "the tokenizer finds no token in it"
        if len(tokens.ids) > self.most:
            return f"{len(tokens.ids)} tokens, and this model takes {self.most} (to cut it: the option truncation=on)"
        unknown = self.tokenizer.unk_token_id
        read = self.setup.card["view"] in ("text", "atoms") or self.setup.options.get("unknown_tokens") == "read"
        if unknown is not None and not read:
            for place, start in zip(tokens.nodes, tokens.index, strict=True):
                if tokens.ids[place] == unknown:
                    return f"the tokenizer does not know what stands at character {start + 1}"
        return ""

    def _check_tokenizer(self) -> None:
        """Refuse a tokenizer that sees nothing of a probe, or carbon in chlorine; see `PROBES`.

        Raises
        ------
        ValueError
            Naming the string.
        """
        view = self.setup.card["view"]
        probes = PROBES.get(view, PROBES["text"])
        for probe, tokens in zip(probes, self.tokens(probes), strict=True):
            seen = [tokens.ids[place] for place in tokens.nodes]
            if self.blind.issuperset(seen):
                raise ValueError(
                    f"the tokenizer sees nothing but unknown or padding in {probe!r}: it is not this model's, or"
                    " transformers reads it otherwise than its authors did"
                )
            if self.residues and len(seen) != len(probe):
                raise ValueError(f"the tokenizer makes {len(seen)} tokens of the {len(probe)} residues of {probe!r}")
        if view == "smiles" and self.setup.options.get("tokenizer") != "as-published":
            carbon, chlorine = self.tokens(["C", "Cl"])
            if carbon.ids == chlorine.ids:
                raise ValueError(
                    "the tokenizer reads Cl as C; say tokenizer = 'as-published' on the card to take it so"
                )
        self._seen.clear()
