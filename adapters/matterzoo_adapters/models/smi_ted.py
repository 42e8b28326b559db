"""SMI-TED: the latent vector between its encoder and its decoder, by its authors' own code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import torch

from matterzoo_adapters.base import Embedding, TextAdapter, TextBatch, Tokens
from matterzoo_adapters.conformance.strings import PROBES
from matterzoo_adapters.models.authors_code import package_of
from matterzoo_adapters.models.remote_code import require_pinned_code

CODE = "smi-ted/inference/smi_ted_light"
"""Where the code lies in the repository on the hub, and the vocabulary beside it."""
UNUSED = ("net", "encoder.lang_model", "decoder.lang_model", "decoder.autoencoder.decoder")
"""Parts behind the latent vector."""


class SmiTedAdapter(TextAdapter):
    """SMI-TED, given SMILES as its authors write them: canonical, without stereo and isotopes."""

    def load(self) -> None:
        """Import the authors' code from the checkpoint's folder, and load the weights into it.

        Raises
        ------
        ValueError
            If the code is of no pinned commit, the checkpoint lacks weights, or the tokenizer sees only padding.
        """
        require_pinned_code(self.setup)
        folder = self.setup.checkpoint
        self.authors = package_of(folder / CODE, "load")
        self.tokenizer = self.authors.MolTranBertTokenizer(str(folder / CODE / "bert_vocab_curated.txt"))
        self._check_tokenizer()
        weights = next(folder.glob("*.pt"))
        content = torch.load(weights, map_location="cpu", weights_only=False)  # random states of NumPy's are in it
        config = {"n_output": 1, **content["hparams"]}
        model = self.authors.Smi_ted(self.tokenizer, config)
        model.max_len, model.n_embd = config["max_len"], config["n_embd"]
        for name in UNUSED:
            owner, _, last = name.rpartition(".")
            delattr(model.get_submodule(owner), last)
        missing, _ = model.load_state_dict(_state(content), strict=False)
        if missing:
            raise ValueError(f"the checkpoint lacks {len(missing)} weights, which would be random: {missing[0]}, …")
        self.model = model.to(self.device).eval()

    @property
    def blind(self) -> frozenset[int]:
        """The id of padding, which stands for what is unknown too."""
        return frozenset({self.tokenizer.pad_token_id})

    def tokens(self, strings: Sequence[str]) -> list[Tokens]:
        """Return what the model is given; the characters are those of the canonical SMILES."""
        found = []
        for string in strings:
            canonical = self._canonical(string) or ""
            ids = self.tokenizer(canonical)["input_ids"]
            begins = [0, *accumulate(map(len, self.tokenizer.tokenize(canonical)))][:-1]
            found.append(Tokens(ids, list(range(1, len(ids) - 1)), begins))
        return found

    def _canonical(self, smiles: str) -> str | None:
        canonical: str | None = self.authors.normalize_smiles(smiles)
        return canonical

    def _check_tokenizer(self) -> None:
        for probe, tokens in zip(PROBES["smiles"], self.tokens(PROBES["smiles"]), strict=True):
            if self.blind.issuperset(tokens.ids[place] for place in tokens.nodes):
                raise ValueError(
                    f"the tokenizer sees nothing but padding in {probe!r}: this transformers reads it otherwise than"
                    " its authors did"
                )

    def refuse(self, batch: TextBatch) -> dict[int, str]:
        """Refuse what RDKit does not parse, and what is too long or not in the vocabulary."""
        reasons = map(self._problem, batch.strings, self.tokens(batch.strings))
        return {row: reason for row, reason in enumerate(reasons) if reason}

    def _problem(self, smiles: str, tokens: Tokens) -> str:
        canonical = self._canonical(smiles)
        if not canonical:
            return "RDKit does not parse this SMILES"
        if len(tokens.ids) > self.model.max_len:
            return f"{len(tokens.ids)} tokens, and this model takes {self.model.max_len}"
        own = [tokens.ids[place] for place in tokens.nodes]
        if self.blind & set(own) or "".join(self.tokenizer.tokenize(canonical)) != canonical:
            return f"the tokenizer does not know all of {canonical}"
        return ""

    @torch.inference_mode()
    def embed(self, batch: TextBatch) -> Embedding:
        """Return one vector a molecule [n, d]."""
        *_, latent = self.model.extract_embeddings([self._canonical(smiles) for smiles in batch.strings])
        return Embedding({"latent": latent}, per_record=True)


def _state(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the weights under the names of the whole model: the authors keep encoder and decoder apart, or as one."""
    state = content.get("state_dict", content.get("MODEL_STATE"))
    if isinstance(state, list):
        halves = zip(("encoder", "decoder"), state, strict=True)
        return {f"{half}.{name}": values for half, part in halves for name, values in part.items()}
    return dict(state or {})
