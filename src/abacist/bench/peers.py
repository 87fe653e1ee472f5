"""Other projects' models of equal shape, run by their own code from where the user has it."""

import contextlib
import importlib.util
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from abacist.bench.machine import device
from abacist.bench.workload import Shape
from abacist.core.errors import SettingsError

NO_NANOGPT = "nanoGPT was not given: --nanogpt FOLDER, a checkout of it"
NO_TRANSFORMERS = "transformers is not installed, or --no-transformers was given"

RATE, BETAS, DECAY, CLIP = 1e-3, (0.9, 0.99), 0.1, 1.0
"""Learning rate, AdamW's betas and weight decay, largest norm of the gradient: nanoGPT's for characters, for all."""
WARMUP = 50
"""Steps over which the learning rate rises."""


@dataclass(frozen=True)
class Peer:
    """A model of another project, with its way to a loss and its optimizer."""

    name: str
    model: Any
    loss: Callable[[Tensor, Tensor], Tensor]
    """Mean cross-entropy of (ids, targets), each (rows, seq), in nats a token."""
    optimizer: torch.optim.Optimizer

    def step(self, batch_at: Callable[[int], Tensor], dtype: str) -> Callable[[], float]:
        """Return whole training steps as a function; each takes the next batch of ids, returns the loss before it."""
        done = 0

        def once() -> float:
            nonlocal done
            ids = batch_at(done).to(device())
            done += 1
            with torch.autocast(device().type, torch.bfloat16, enabled=dtype == "bfloat16"):
                loss = self.loss(ids[:, :-1], ids[:, 1:])
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
            for group in self.optimizer.param_groups:
                group["lr"] = RATE * min(1.0, done / (WARMUP + 1))
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
            return float(loss.detach())

        return once


def has_transformers() -> bool:
    """Tell whether the transformers library is installed."""
    return importlib.util.find_spec("transformers") is not None


def model_file(folder: Path) -> Path:
    """Return where a checkout of nanoGPT has its model. Raises: SettingsError if it is none."""
    file = folder / "model.py"
    if not file.is_file():
        raise SettingsError(f"--nanogpt {folder}: no checkout of nanoGPT, it holds no {file.name}")
    return file


def nanogpt(folder: Path, form: Shape, vocab_size: int, length: int) -> Peer:
    """Make nanoGPT's GPT with its own optimizer, without dropout and biases, as it is without its compilation.

    Raises: SettingsError if the folder's model.py does not define it.
    """
    module = _module(model_file(folder))
    torch.manual_seed(1)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints its size
            config = module.GPTConfig(
                block_size=length,
                vocab_size=vocab_size,
                n_layer=form["n_layers"],
                n_head=form["n_heads"],
                n_embd=form["d_model"],
                dropout=0.0,
                bias=False,
            )
            model = module.GPT(config).to(device())
            optimizer = model.configure_optimizers(DECAY, RATE, BETAS, device().type)
    except (AttributeError, TypeError) as error:
        raise SettingsError(f"--nanogpt {folder}: its model.py is not nanoGPT's: {error}") from None

    def loss(ids: Tensor, targets: Tensor) -> Tensor:
        return model(ids.contiguous(), targets.contiguous())[1]

    return Peer("nanoGPT", model, loss, optimizer)


def gpt2(form: Shape, vocab_size: int, length: int) -> Peer:
    """Make the transformers library's GPT-2, without dropout."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=vocab_size,
        n_positions=length,
        n_embd=form["d_model"],
        n_layer=form["n_layers"],
        n_head=form["n_heads"],
        n_inner=form["d_ff"],
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=0,
        eos_token_id=0,
    )
    return _of_transformers("transformers GPT-2", GPT2LMHeadModel, config)


def llama(form: Shape, vocab_size: int, length: int) -> Peer:
    """Make the transformers library's Llama; its gated feed-forward has as many weights as an ungated one of d_ff."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=form["d_model"],
        intermediate_size=form["d_ff"] * 2 // 3,
        num_hidden_layers=form["n_layers"],
        num_attention_heads=form["n_heads"],
        max_position_embeddings=length,
        bos_token_id=0,
        eos_token_id=None,
        pad_token_id=0,
    )
    return _of_transformers("transformers Llama", LlamaForCausalLM, config)


def _of_transformers(name: str, cls: Any, config: Any) -> Peer:
    torch.manual_seed(1)
    model = cls(config).to(device())
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=BETAS, weight_decay=DECAY, fused=True)

    def loss(ids: Tensor, targets: Tensor) -> Tensor:
        logits = model(input_ids=ids, use_cache=False).logits
        return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())

    return Peer(name, model, loss, optimizer)


def _module(file: Path) -> ModuleType:
    """Import a file under a name that nothing else has."""
    spec = importlib.util.spec_from_file_location("abacist_bench_nanogpt", file)
    assert spec is not None, "every .py file has a spec"
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise SettingsError(f"{file} cannot be imported: {error!r}") from error
    return module
