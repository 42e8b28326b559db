"""Ask one backend, in an environment that has its framework: `python ask_backend.py torch` prints the answers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from matterzoo_adapters.backends import Backend, backend
from matterzoo_schemas.exit_codes import MatterzooError

TOO_LARGE = (2**21, 2**21)
"""Sixteen terabytes of float32."""


def of_numpy() -> tuple[Callable[[], Any], Any, Callable[[], Any]]:
    """Return how to draw three numbers, one third in the smallest type there is, and how to ask for too much."""
    return lambda: np.random.random(3), np.float32(1 / 3), lambda: np.ones(TOO_LARGE)  # noqa: NPY002


def of_torch() -> tuple[Callable[[], Any], Any, Callable[[], Any]]:
    """Do the same in PyTorch."""
    import torch

    return lambda: torch.rand(3), torch.tensor(1 / 3, dtype=torch.bfloat16), lambda: torch.ones(TOO_LARGE)


def of_jax() -> tuple[Callable[[], Any], Any, Callable[[], Any]]:
    """Do the same in JAX, whose own numbers come from keys: NumPy's are what a backend can seed."""
    import jax.numpy as jnp

    return lambda: np.random.random(3), jnp.bfloat16(1 / 3), lambda: jnp.ones(TOO_LARGE).block_until_ready()  # noqa: NPY002


def of_tensorflow() -> tuple[Callable[[], Any], Any, Callable[[], Any]]:
    """Do the same in TensorFlow."""
    import tensorflow as tf

    return lambda: tf.random.uniform([3]), tf.constant(1 / 3, tf.bfloat16), lambda: tf.ones(TOO_LARGE)


def raised_by(call: Callable[[], Any]) -> BaseException | None:
    """Return what a call raises."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 (whatever the framework raises is what the backend must recognise)
        return error
    return None


def answers(framework: Backend, name: str) -> dict[str, Any]:
    """Return every answer by name."""
    framework.prepare("cpu", 0, 1)
    questions = {"none": of_numpy, "torch": of_torch, "jax": of_jax, "tensorflow": of_tensorflow}
    draw, third, exhaust = questions[name]()
    draws = []
    for seed in (0, 0, 1):
        framework.prepare("cpu", seed, 1)
        draws.append(framework.to_numpy(draw()).tolist())
    copied = framework.to_numpy(third)
    without_gpu = raised_by(lambda: framework.prepare("cuda", 0, 1))
    exhausted = raised_by(exhaust)
    return {
        "draws": draws,
        "third": float(copied),
        "dtype": str(copied.dtype),
        "exhausted": exhausted is not None and framework.out_of_memory(exhausted),
        "another_error": framework.out_of_memory(ValueError("out of memory")),
        "peak_memory_mb": framework.peak_memory_mb(),
        "versions": framework.versions(),
        "without_gpu": int(without_gpu.code) if isinstance(without_gpu, MatterzooError) else repr(without_gpu),
    }


if __name__ == "__main__":
    print(json.dumps(answers(backend(sys.argv[1]), sys.argv[1])))
