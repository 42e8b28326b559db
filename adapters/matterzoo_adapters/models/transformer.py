"""Language models of strings that Hugging Face's transformers runs without code of the checkpoint's own."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import transformers as hf
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

from matterzoo_adapters.base import Embedding, Setup, TextAdapter, TextBatch

PROBES = {
    "smiles": ("CCCl", "CBr", "[Na+].[Cl-]", "C[C@H](N)C(=O)O", "F/C=C\\F", "[13CH4]"),
    "selfies": ("[C][C][Cl]", "[C][Br]", "[C][C@H1][Branch1][C][N][C]", "[F][/C][=C][\\F]"),
    "sequence": ("ACDEFGHIKLMNPQRSTVWY", "U", "Z", "O", "B", "X"),
    "text": ("NaCl", "band gap of 1.1 eV", "  two blanks"),
}
"""Strings that a tokenizer must see something of: a wrong one says "unknown" or "padding", and raises nothing."""
SPECIAL = {"pad_token": "<pad>", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "mask_token": "<mask>"}
AMINO_ACIDS = "LAGVSERTIDPKQNFYWMHCXBUZO.-"
"""In the order of ESM-2's vocabulary."""


@dataclass(frozen=True)
class Tokens:
    """A string as the model reads it: its ids, which of them are nodes, and the character where each node begins."""

    ids: list[int]
    nodes: list[int]
    index: list[int]


class TransformerAdapter(TextAdapter):
    """The last hidden states of one architecture; a node is a token, without those that the tokenizer adds.

    A subclass names the classes, and how its authors write a string.
    """

    model_class: ClassVar[Any]
    twin: ClassVar[hf.PreTrainedConfig]
    """A small configuration, for random weights."""
    arguments: ClassVar[dict[str, Any]] = {}
    """Of the model's constructor: a pooler, which checkpoints of masked language models lack, would be random."""
    learned_positions: ClassVar[bool] = False
    """Whether there is a vector for each position, and so a longest string."""
    frame: ClassVar[str] = "<s> $A </s>"
    """Where the random twin's tokenizer puts its special tokens."""
    residues: ClassVar[bool] = False
    """Whether the tokenizer is given the string in pieces, one a residue."""

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
            config = self.twin.__class__.from_dict({**self.twin.to_dict(), "vocab_size": len(self.tokenizer)})
            model = self.model_class(config, **self.arguments)
        else:
            folder = self.setup.checkpoint
            self.tokenizer = hf.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            model = self._trained(folder)
        self.model = self.part(model).to(self.device, torch.float32).eval()
        self.model.config.use_cache = False
        self.most = self._longest()
        self._check_tokenizer()

    def _trained(self, folder: Path) -> Any:
        kind = hf.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False).model_type
        if kind != self.twin.model_type:
            raise ValueError(
                f"the checkpoint is of the architecture {kind!r}, and the card's adapter {type(self).__name__}"
                f" takes {self.twin.model_type!r}: correct `adapter` on the card"
            )
        model, told = self.model_class.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32, output_loading_info=True, **self.arguments
        )
        if missing := sorted(told["missing_keys"]):
            raise ValueError(f"the checkpoint lacks {len(missing)} weights, which would be random: {missing[0]}, …")
        return model

    def part(self, model: Any) -> Any:
        """Return the part of the model that is run."""
        return model

    def toy_tokenizer(self) -> Any:
        """Return a tokenizer of single characters (ASCII), for random weights."""
        words = [*SPECIAL.values(), *map(chr, range(32, 127))]
        vocabulary = {word: row for row, word in enumerate(words)}
        tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=SPECIAL["unk_token"]))
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
        special = [(word, row) for row, word in enumerate(SPECIAL.values())]
        tokenizer.post_processor = processors.TemplateProcessing(single=self.frame, special_tokens=special)
        return hf.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SPECIAL)

    def written(self, string: str) -> tuple[list[str], list[int]]:
        """Return a string in pieces as its authors part it by blanks, and where each begins (−1: added)."""
        if not self.residues:
            return [string], [0]
        return list(string), list(range(len(string)))

    def refuse(self, batch: TextBatch) -> dict[int, str]:
        """Refuse what has no token, is not seen as a whole, or is too long."""
        self._seen.clear()
        reasons = map(self._problem, self._tokens(batch.strings))
        return {row: reason for row, reason in enumerate(reasons) if reason}

    @torch.inference_mode()
    def embed(self, batch: TextBatch) -> Embedding:
        """Return a vector a token [Σ nᵢ, d], padded on the right; `index` is the character where each begins."""
        every = self._tokens(batch.strings)
        lengths = [len(tokens.ids) for tokens in every]
        ids = torch.full((len(every), max(lengths)), self._padding())
        for row, tokens in enumerate(every):
            ids[row, : len(tokens.ids)] = torch.tensor(tokens.ids)
        mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
        hidden = self.model(input_ids=ids.to(self.device), attention_mask=mask.to(self.device)).last_hidden_state
        counts = [len(tokens.nodes) for tokens in every]
        rows = np.repeat(np.arange(len(every)), counts)
        columns = np.fromiter(chain.from_iterable(tokens.nodes for tokens in every), np.int64)
        index = np.fromiter(chain.from_iterable(tokens.index for tokens in every), np.int64)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        return Embedding({"last": hidden[torch.from_numpy(rows), torch.from_numpy(columns)]}, None, offsets, index)

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

    def _tokens(self, strings: Sequence[str]) -> list[Tokens]:
        new = [string for string in dict.fromkeys(strings) if string not in self._seen]
        if new:
            self._seen.update(zip(new, self._tokenise(new), strict=True))
        return [self._seen[string] for string in strings]

    def _tokenise(self, strings: Sequence[str]) -> list[Tokens]:
        pieces, begins = zip(*map(self.written, strings), strict=True)
        cut = {"truncation": True, "max_length": self.most} if self.setup.options.get("truncation") == "on" else {}
        fast = self.tokenizer.is_fast
        if not (self.residues or fast):
            raise ValueError(f"{type(self.tokenizer).__name__} does not say which characters a token stands for")
        given = list(pieces) if self.residues else [" ".join(parts) for parts in pieces]
        told = self.tokenizer(
            given, is_split_into_words=self.residues, return_special_tokens_mask=True,
            return_offsets_mapping=fast and not self.residues, verbose=False, **cut,
        )  # fmt: skip
        found = []
        for row, (ids, added) in enumerate(zip(told["input_ids"], told["special_tokens_mask"], strict=True)):
            content = [place for place, special in enumerate(added) if not special]
            if not self.residues:
                where = _characters(pieces[row], begins[row])
                spans = told["offset_mapping"][row]
                starts = [next((c for c in where[slice(*spans[place])] if c >= 0), -1) for place in content]
            elif fast:
                words = told.word_ids(row)
                starts = [begins[row][words[place]] for place in content]
            else:
                # Pieces of one token each (`_check_tokenizer`), and blanks of none.
                starts = [begin for piece, begin in zip(pieces[row], begins[row], strict=True) if piece.strip()]
                starts = starts[: len(content)]
            kept = [(place, start) for place, start in zip(content, starts, strict=True) if start >= 0]
            if kept and self.setup.options.get("special_tokens") == "kept":
                known = dict(kept)
                kept = [(place, known.get(place, kept[-1][1] if place else kept[0][1])) for place in range(len(ids))]
            found.append(Tokens(ids, [place for place, _ in kept], [start for _, start in kept]))
        return found

    def _problem(self, tokens: Tokens) -> str:
        if not tokens.nodes:
            return "the tokenizer finds no token in it"
        if len(tokens.ids) > self.most:
            return f"{len(tokens.ids)} tokens, and this model takes {self.most} (to cut it: the option truncation=on)"
        unknown = self.tokenizer.unk_token_id
        read = self.setup.card["view"] == "text" or self.setup.options.get("unknown_tokens") == "read"
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
        blind = {self.tokenizer.unk_token_id, self.tokenizer.pad_token_id}
        for probe, tokens in zip(PROBES[view := self.setup.card["view"]], self._tokens(PROBES[view]), strict=True):
            seen = [tokens.ids[place] for place in tokens.nodes]
            if blind.issuperset(seen):
                raise ValueError(
                    f"the tokenizer sees nothing but unknown or padding in {probe!r}: it is not this model's, or"
                    " transformers reads it otherwise than its authors did"
                )
            if self.residues and len(seen) != len(probe):
                raise ValueError(f"the tokenizer makes {len(seen)} tokens of the {len(probe)} residues of {probe!r}")
        if view == "smiles" and self.setup.options.get("tokenizer") != "as-published":
            carbon, chlorine = self._tokens(["C", "Cl"])
            if carbon.ids == chlorine.ids:
                raise ValueError(
                    "the tokenizer reads Cl as C; say tokenizer = 'as-published' on the card to take it so"
                )
        self._seen.clear()


def _characters(pieces: Sequence[str], begins: Sequence[int]) -> list[int]:
    """Return which character of the record each character of the joined pieces is; −1 where it was added."""
    found: list[int] = []
    for piece, begin in zip(pieces, begins, strict=True):
        found += [-1] * bool(found) + [begin + place if begin >= 0 else -1 for place in range(len(piece))]
    return found


_SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
_IDS = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}


class RobertaAdapter(TransformerAdapter):
    """RoBERTa."""

    model_class = hf.RobertaModel
    twin = hf.RobertaConfig(**_SMALL, **_IDS, max_position_embeddings=514)
    arguments: ClassVar[dict[str, Any]] = {"add_pooling_layer": False}
    learned_positions = True

    @property
    def first_position(self) -> int:
        """Positions are counted from behind the padding's."""
        return int(self.model.config.pad_token_id) + 1


class BertAdapter(TransformerAdapter):
    """BERT."""

    model_class = hf.BertModel
    twin = hf.BertConfig(**_SMALL, pad_token_id=0)
    arguments: ClassVar[dict[str, Any]] = {"add_pooling_layer": False}
    learned_positions = True


class EsmAdapter(TransformerAdapter):
    """ESM-2: rotary positions, a token a residue."""

    model_class = hf.EsmModel
    twin = hf.EsmConfig(
        **_SMALL, position_embedding_type="rotary", token_dropout=True, mask_token_id=32, pad_token_id=1
    )
    arguments: ClassVar[dict[str, Any]] = {"add_pooling_layer": False}
    residues = True

    def toy_tokenizer(self) -> Any:
        """Return the tokenizer of ESM-2: residues, written as the checkpoints do, between its special tokens."""
        residues = dict.fromkeys(self.written(AMINO_ACIDS)[0])
        words = ["<cls>", "<pad>", "<eos>", "<unk>", *residues, "<null_1>", "<mask>"]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "vocab.txt"
            file.write_text("\n".join(words))
            return hf.EsmTokenizer(str(file))


class SaProtAdapter(EsmAdapter):
    """SaProt without structures: a token is a residue and the letter of its structure; # stands for what is unknown."""

    def written(self, string: str) -> tuple[list[str], list[int]]:
        """Put # behind each residue, and in place of those beyond the twenty, which its vocabulary lacks."""
        return [f"{letter}#" for letter in re.sub("[UZOBX]", "#", string)], list(range(len(string)))


class EsmcAdapter(TransformerAdapter):
    """ESM C: normalised last states; | breaks a chain."""

    model_class = hf.EsmcModel
    twin = hf.EsmcConfig(**_SMALL)

    def toy_tokenizer(self) -> Any:
        """Return ESM C's tokenizer, which its class brings."""
        return hf.EsmcTokenizer()


class T5EncoderAdapter(TransformerAdapter):
    """The encoder of T5: the states that its decoder would attend to."""

    model_class = hf.T5EncoderModel
    twin = hf.T5Config(d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, pad_token_id=0, eos_token_id=3)
    frame = "$A </s>"


class AnkhAdapter(T5EncoderAdapter):
    """Ankh's encoder: a token a residue."""

    residues = True


class ProtT5Adapter(T5EncoderAdapter):
    """ProtT5's encoder: residues in capitals, the rare ones as X."""

    residues = True
    prefix: ClassVar[tuple[str, ...]] = ()

    def written(self, string: str) -> tuple[list[str], list[int]]:
        """Write U, Z, O and B as X."""
        letters = re.sub("[UZOB]", "X", string.upper())
        return [*self.prefix, *letters], [*(-1 for _ in self.prefix), *range(len(string))]


class ProstT5Adapter(ProtT5Adapter):
    """ProstT5's encoder of sequences: told that they are to be translated to structures."""

    prefix = ("<AA2fold>",)


class BartEncoderAdapter(TransformerAdapter):
    """The encoder of BART; what the whole model returns first is the decoder's."""

    model_class = hf.BartModel
    twin = hf.BartConfig(
        **_IDS, d_model=32, encoder_layers=2, decoder_layers=1, encoder_attention_heads=4, decoder_attention_heads=4,
        encoder_ffn_dim=64, decoder_ffn_dim=64, decoder_start_token_id=3,
    )  # fmt: skip
    learned_positions = True

    def part(self, model: Any) -> Any:
        """Return the encoder."""
        return model.get_encoder()


class SelfiesTedAdapter(BartEncoderAdapter):
    """SELFIES-TED's encoder: symbols with blanks between them."""

    def written(self, string: str) -> tuple[list[str], list[int]]:
        """Part the symbols where one bracket closes and the next opens."""
        begins = [0, *(found.start() + 1 for found in re.finditer(re.escape("]["), string))]
        return [string[a:b] for a, b in zip(begins, [*begins[1:], None], strict=True)], begins


class GPTNeoAdapter(TransformerAdapter):
    """GPT-Neo: a token's state knows only what stands before it."""

    model_class = hf.GPTNeoModel
    twin = hf.GPTNeoConfig(
        **_IDS, hidden_size=32, num_layers=2, num_heads=4, attention_types=[[["global", "local"], 1]]
    )
    frame = "$A"
    learned_positions = True


class GPT2Adapter(TransformerAdapter):
    """GPT-2: a token's state knows only what stands before it."""

    model_class = hf.GPT2Model
    twin = hf.GPT2Config(**_IDS, n_embd=32, n_layer=2, n_head=4)
    frame = "$A"
    learned_positions = True


class LlamaAdapter(TransformerAdapter):
    """Llama: a token's state knows only what stands before it."""

    model_class = hf.LlamaModel
    twin = hf.LlamaConfig(**_SMALL, **_IDS, num_key_value_heads=2)
    frame = "<s> $A"


class Qwen3MoeAdapter(TransformerAdapter):
    """Qwen3 with a mixture of experts: a token's state knows only what stands before it."""

    model_class = hf.Qwen3MoeModel
    twin = hf.Qwen3MoeConfig(
        **_SMALL, **_IDS, num_key_value_heads=2, head_dim=8, num_experts=4, num_experts_per_tok=2,
        moe_intermediate_size=32,
    )  # fmt: skip
    frame = "$A"
