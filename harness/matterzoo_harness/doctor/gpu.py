"""A GPU is found by itself, if its driver answers."""

from __future__ import annotations

from matterzoo_harness.doctor.finding import Finding
from matterzoo_harness.environments.folder import environment_names, find_environment
from matterzoo_harness.runtimes.gpu import gpus, require_gpu
from matterzoo_schemas.exit_codes import MatterzooError


def look() -> Finding:
    """List the GPUs, and the environments whose CUDA lock none of them can run."""
    found = gpus()
    if not found:
        return Finding("GPU", "note", "no NVIDIA GPU answers (nvidia-smi); models run on the CPU")
    names = ", ".join(f"{gpu.name} ({gpu.memory_mib} MiB, driver {gpu.driver})" for gpu in found)
    unfit = []
    for environment in (find_environment(name).environment for name in environment_names()):
        variant = environment.variant_for("cuda")
        if variant is None:
            continue
        try:
            require_gpu("cuda", environment.name, variant, environment.variants[variant])
        except MatterzooError as error:
            unfit.append(error.message)
    if unfit:
        return Finding("GPU", "note", f"{names}; {'; '.join(unfit)}", "update the driver, or DEVICE=cpu")
    return Finding("GPU", "ok", names)
