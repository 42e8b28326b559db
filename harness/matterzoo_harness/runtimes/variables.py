"""The worker's environment variables: the same in every runtime, and nothing inherited from the caller."""

from __future__ import annotations

from matterzoo_harness.runtimes.base import WorkerSpec
from matterzoo_schemas.environment import Environment

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "RAYON_NUM_THREADS",
)


def worker_variables(spec: WorkerSpec, environment: Environment, home: str) -> dict[str, str]:
    """Give every variable that the worker starts with, but for PATH and PYTHONPATH.

    Parameters
    ----------
    spec
        The worker.
    environment
        Its environment, which may bring variables of its own.
    home
        A folder that the worker may write and that is gone afterwards; all caches go there.
    """
    return {
        **dict.fromkeys(THREAD_VARIABLES, str(spec.threads)),
        "HOME": home,
        "USER": "matterzoo",
        "LANG": "C.UTF-8",
        "TMPDIR": home,
        "XDG_CACHE_HOME": f"{home}/cache",
        "XDG_CONFIG_HOME": f"{home}/config",
        "XDG_DATA_HOME": f"{home}/data",
        "TRITON_CACHE_DIR": f"{home}/triton",
        "TORCHINDUCTOR_CACHE_DIR": f"{home}/inductor",
        "MPLCONFIGDIR": f"{home}/matplotlib",
        "NUMBA_CACHE_DIR": f"{home}/numba",
        "HF_HOME": f"{home}/huggingface",
        "HF_HUB_OFFLINE": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONSAFEPATH": "1",
        "CUDA_VISIBLE_DEVICES": spec.device.removeprefix("cuda") if spec.device_kind == "cuda" else "",
        **environment.variables,
        **spec.variables,
    }
