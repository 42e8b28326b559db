"""PyTorch: one device, full float32 precision, the same bits on every run."""

from __future__ import annotations

import ctypes
import os
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from matterzoo_adapters.backends.host import peak_memory_mb, seed_generators
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


class TorchBackend:
    """PyTorch on the CPU or on one GPU."""

    def prepare(self, device: str, seed: int, threads: int) -> torch.device:
        """Fix seeds, threads and precision; prove that the device computes."""
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.benchmark = False
        if device == "cuda":
            prove_cuda()
        else:
            keep_freed_memory()
        seed_generators(seed)
        torch.manual_seed(seed)
        return torch.device(device)

    def to_numpy(self, array: Any) -> npt.NDArray[np.floating]:
        """Copy a tensor to the host; bfloat16 becomes float32, which NumPy knows."""
        if not isinstance(array, torch.Tensor):
            return np.asarray(array)
        tensor = array.detach()
        return tensor.to("cpu", torch.float32 if tensor.dtype == torch.bfloat16 else tensor.dtype).numpy()

    def out_of_memory(self, error: BaseException) -> bool:
        """Tell whether the device or the host could not allocate."""
        exhausted = isinstance(error, (torch.cuda.OutOfMemoryError, MemoryError)) or (
            isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
        )
        if exhausted and torch.cuda.is_available():
            torch.cuda.empty_cache()
        return exhausted

    def peak_memory_mb(self) -> float:
        """Return the GPU's peak allocation if one is used, else the process's peak resident memory, in MB."""
        if torch.cuda.is_available():
            return torch.cuda.max_memory_allocated() / 2**20
        return peak_memory_mb()

    def versions(self) -> dict[str, str]:
        """Return PyTorch's and NumPy's versions."""
        return {"torch": str(torch.__version__), "numpy": np.__version__}


def keep_freed_memory() -> None:
    """Tell glibc not to hand large blocks back to the system each time a tensor dies; nothing where it is not glibc.

    Every layer of a batch frees and asks for the same hundred megabytes, and the system clears them anew each time:
    measured on SevenNet-0 (200 to 1,000 atoms a batch, one thread), 20 to 45 % of the time of a forward pass.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        m_trim_threshold, m_mmap_max = -1, -4  # malloc.h
        mallopt(m_mmap_max, 0)
        mallopt(m_trim_threshold, -1)


def prove_cuda() -> None:
    """Multiply two numbers on the GPU, or say why that cannot be done.

    Raises
    ------
    MatterzooError
        `GPU_UNUSABLE` with the reason: no CUDA in this build, no driver, no kernels for this GPU.
    """
    hint = "choose DEVICE=cpu, or see `matterzoo doctor`"
    if torch.version.cuda is None:
        reason = f"this environment's torch {torch.__version__} was built without CUDA"
        raise MatterzooError(ExitCode.GPU_UNUSABLE, f"a GPU is wanted, but {reason}", hint)
    try:
        torch.ones(1, device="cuda").mul(2).item()
    except (RuntimeError, AssertionError) as error:
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise MatterzooError(ExitCode.GPU_UNUSABLE, f"a GPU is wanted, but {first_line}", hint) from error


BACKEND = TorchBackend()
