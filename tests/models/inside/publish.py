"""Make a small checkpoint of each architecture as its authors publish theirs: `publish.py {"folder": …} vectors.json`.

A tokenizer is trained on a few strings and saved; the whole model, head included, is drawn and saved; and its vectors are
taken by a plain loop: one string, no padding, the class of transformers itself.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers as hf
from strings import STRINGS
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
ORDINARY = ["<pad>", "<unk>", "<s>", "</s>", "<mask>"]
SMILES = [
    *STRINGS["smiles"],
    "CCCl",
    "CBr",
    "C[N+](C)(C)C",
    "O=[N+]([O-])c1ccccc1",
    "F/C=C\\F",
    "[13CH4]",
    "c1cc[nH]c1",
]
SELFIES = [*STRINGS["selfies"], "[C][Br]", "[Na+1].[Cl-1]", "[F][/C][=C][\\F]", "[13CH4]"]
TEXT = [*STRINGS["text"], "SMILES: CCO", "band gap of 1.1 eV", "system user assistant", *map(chr, range(33, 127))]
TEMPLATE = "{% for m in messages %}<s>{{ m.role }}\n{{ m.content }}</s>{% endfor %}"
DATED = "<s>{{ strftime_now('%Y-%m-%d') }}</s>" + TEMPLATE


def wrapped(tokenizer: Tokenizer, frame: str, **more: Any) -> Any:
    """Let transformers have a trained tokenizer."""
    special = [(word, tokenizer.token_to_id(word)) for word in ORDINARY]
    tokenizer.post_processor = processors.TemplateProcessing(single=frame, special_tokens=special)
    named = dict(zip(("pad_token", "unk_token", "bos_token", "eos_token", "mask_token"), ORDINARY, strict=True))
    return hf.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named, **more)


def bytes_tokenizer(texts: list[str], frame: str, **more: Any) -> Any:
    """Train byte pairs, as RoBERTa, Llama, Qwen and GPT have them."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=400, special_tokens=ORDINARY, initial_alphabet=alphabet)
    )
    return wrapped(tokenizer, frame, **more)


def symbols_tokenizer(split: Any, frame: str) -> Any:
    """Train a list of symbols, as ChemGPT and SELFIES-TED have it."""
    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.pre_tokenizer = split
    texts = [text.replace("][", "] [") for text in SELFIES]
    tokenizer.train_from_iterator(texts, trainers.WordLevelTrainer(special_tokens=ORDINARY))
    return wrapped(tokenizer, frame)


def unigram_tokenizer(frame: str) -> Any:
    """Train pieces, as T5 has them."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=80, special_tokens=ORDINARY, unk_token="<unk>")
    tokenizer.train_from_iterator(SMILES, trainer)
    return wrapped(tokenizer, frame)


def residues_tokenizer(folder: Path) -> Any:
    """Write ESM-2's own list of residues."""
    words = ["<cls>", "<pad>", "<eos>", "<unk>", *"LAGVSERTIDPKQNFYWMHCXBUZO.-", "<null_1>", "<mask>"]
    (folder / "vocab.txt").write_text("\n".join(words))
    return hf.EsmTokenizer(str(folder / "vocab.txt"))


def own_tokens(model: Any, tokenizer: Any, text: str, pooling: str) -> list[float]:
    """Pool the states of all tokens but those that the tokenizer adds; of every token for pooling "all"."""
    told = tokenizer(text, return_tensors="pt", return_special_tokens_mask=True)
    hidden = model(told["input_ids"]).last_hidden_state[0]
    own = hidden if pooling == "all" else hidden[told["special_tokens_mask"][0] == 0]
    pooled: list[float] = (own[-1] if pooling == "last" else own.mean(0)).tolist()
    return pooled


def in_conversation(model: Any, tokenizer: Any, text: str, _pooling: str) -> list[float]:
    """Pool the states of what the user says in a whole conversation; on whatever day, the card's."""
    said = [
        {"role": "system", "content": "You are a domain-agnostic scientific encoder."},
        {"role": "user", "content": text},
    ]
    template = tokenizer.chat_template.replace("{{ strftime_now('%Y-%m-%d') }}", "2025-12-03")
    whole = tokenizer.apply_chat_template(said, chat_template=template, tokenize=False, add_generation_prompt=True)
    told = tokenizer(whole, return_tensors="pt", return_offsets_mapping=True, add_special_tokens=False)
    begin = whole.rindex(text)
    own = [
        row for row, (a, b) in enumerate(told["offset_mapping"][0].tolist()) if a >= begin and b <= begin + len(text)
    ]
    pooled: list[float] = model(told["input_ids"]).last_hidden_state[0][own].mean(0).tolist()
    return pooled


def published(name: str, folder: Path) -> tuple[Any, Any, Any, str, str]:
    """Return the whole model, the part that is run, its tokenizer, its view and how its card pools."""
    moe = {"num_experts_per_tok": 2, "head_dim": 8, "num_key_value_heads": 2}
    selfies = Regex(r"\[[^\]]*\]|\.")
    tokenizer: Any = {
        "roberta": lambda: bytes_tokenizer(SMILES, "<s> $A </s>"),
        "gpt-neo": lambda: symbols_tokenizer(pre_tokenizers.Split(selfies, "isolated"), "$A"),
        "t5": lambda: unigram_tokenizer("$A </s>"),
        "esm": lambda: residues_tokenizer(folder),
        "esmc": hf.EsmcTokenizer,
        "bart": lambda: symbols_tokenizer(pre_tokenizers.WhitespaceSplit(), "<s> $A </s>"),
        "llama": lambda: bytes_tokenizer(TEXT, "<s> $A", chat_template=TEMPLATE),
        "qwen3-moe": lambda: bytes_tokenizer(TEXT, "$A", chat_template=TEMPLATE),
        "gpt-oss": lambda: bytes_tokenizer(TEXT, "$A", chat_template=DATED),
    }[name]()
    size = {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    ends = {"bos_token_id": 2, "eos_token_id": 3}
    whole: Callable[[], Any]
    whole, view, pooling = {
        "roberta": (lambda: hf.RobertaForMaskedLM(hf.RobertaConfig(**SMALL, **size, max_position_embeddings=515)), "smiles", "mean"),
        "gpt-neo": (lambda: hf.GPTNeoForCausalLM(hf.GPTNeoConfig(**size, **ends, hidden_size=32, num_layers=2, num_heads=4,
            attention_types=[[["global", "local"], 1]])), "selfies", "last"),
        "t5": (lambda: hf.T5ForConditionalGeneration(hf.T5Config(**size, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
            decoder_start_token_id=0)), "smiles", "mean"),
        "esm": (lambda: hf.EsmForMaskedLM(hf.EsmConfig(**SMALL, **size, position_embedding_type="rotary", token_dropout=True,
            mask_token_id=32)), "sequence", "mean"),
        "esmc": (lambda: hf.EsmcForMaskedLM(hf.EsmcConfig(**SMALL)), "sequence", "mean"),
        "bart": (lambda: hf.BartForConditionalGeneration(hf.BartConfig(**size, **ends, d_model=32, encoder_layers=2, decoder_layers=1,
            encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64,
            decoder_start_token_id=3)), "selfies", "all"),
        "llama": (lambda: hf.LlamaForCausalLM(hf.LlamaConfig(**SMALL, **size, **ends, num_key_value_heads=2)), "text", "mean"),
        "qwen3-moe": (lambda: hf.Qwen3MoeForCausalLM(hf.Qwen3MoeConfig(**SMALL, **size, **ends, **moe, num_experts=4,
            moe_intermediate_size=32)), "text", "mean"),
        "gpt-oss": (lambda: hf.GptOssForCausalLM(hf.GptOssConfig(**SMALL, **size, **ends, **moe, num_local_experts=4,
            sliding_window=16)), "text", "mean"),
    }[name]  # fmt: skip
    torch.manual_seed(0)
    model = whole().eval()
    part = model.get_encoder() if model.config.is_encoder_decoder else model.base_model
    return model, part, tokenizer, view, pooling


@torch.inference_mode()
def publish(name: str, folder: Path) -> dict[str, Any]:
    """Save one, and return its view and its vectors."""
    folder.mkdir()
    model, part, tokenizer, view, pooling = published(name, folder)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    vector = in_conversation if view == "text" else own_tokens
    written = (lambda text: text.replace("][", "] [")) if name == "bart" else str
    return {"view": view, "vectors": {text: vector(part, tokenizer, written(text), pooling) for text in STRINGS[view]}}


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text())
    found = {name: publish(name, Path(given["folder"]) / name) for name in given["names"]}
    Path(sys.argv[2]).write_text(json.dumps(found))
