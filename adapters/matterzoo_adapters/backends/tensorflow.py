"""TensorFlow: one device, full float32 precision, the same bits on every run."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from matterzoo_adapters.backends.host import peak_memory_mb, seed_generators
from matterzoo_schemas.exit_codes import ExitCode, MatterzooError


class TensorFlowBackend:
    """TensorFlow on the CPU or on one GPU; its device is a name for `tf.device`."""

    def prepare(self, device: str, seed: int, threads: int) -> str:
        """Fix seeds, threads and precision; prove that the device computes.

        TensorFlow takes its threads once: a second call, with the same number, changes the seeds alone.
        """
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        tf.config.experimental.enable_op_determinism()
        tf.config.experimental.enable_tensor_float_32_execution(False)
        if device == "cuda":
            prove_cuda()
        seed_generators(seed)
        tf.random.set_seed(seed)
        return "/GPU:0" if device == "cuda" else "/CPU:0"

    def to_numpy(self, array: Any) -> npt.NDArray[np.floating]:
        """Copy a tensor to the host; bfloat16 becomes float32, which NumPy knows."""
        if not tf.is_tensor(array):
            return np.asarray(array)
        copied: npt.NDArray[np.floating] = (tf.cast(array, tf.float32) if array.dtype == tf.bfloat16 else array).numpy()
        return copied

    def out_of_memory(self, error: BaseException) -> bool:
        """Tell whether the device or the host could not allocate."""
        return isinstance(error, (tf.errors.ResourceExhaustedError, MemoryError))

    def peak_memory_mb(self) -> float:
        """Return the GPU's peak allocation if one is used, else the process's peak resident memory, in MB."""
        if tf.config.list_logical_devices("GPU"):
            return float(tf.config.experimental.get_memory_info("GPU:0")["peak"]) / 2**20
        return peak_memory_mb()

    def versions(self) -> dict[str, str]:
        """Return TensorFlow's and NumPy's versions."""
        return {"tensorflow": str(tf.__version__), "numpy": np.__version__}


def prove_cuda() -> None:
    """Multiply two numbers on the GPU, or say why that cannot be done.

    TensorFlow itself would take the CPU without a word.

    Raises
    ------
    MatterzooError
        `GPU_UNUSABLE` with the reason: no CUDA in this build, no driver, no kernels for this GPU.
    """
    hint = "choose DEVICE=cpu, or see `matterzoo doctor`"
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        reason = f"TensorFlow {tf.__version__} finds none that it can use"
        raise MatterzooError(ExitCode.GPU_UNUSABLE, f"a GPU is wanted, but {reason}", hint)
    try:
        tf.config.experimental.set_memory_growth(gpus[0], True)
        with tf.device("/GPU:0"):
            (tf.ones(1) * 2.0).numpy()
    except (RuntimeError, tf.errors.OpError) as error:
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise MatterzooError(ExitCode.GPU_UNUSABLE, f"a GPU is wanted, but {first_line}", hint) from error


BACKEND = TensorFlowBackend()
