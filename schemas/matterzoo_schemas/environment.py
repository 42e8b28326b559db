"""The description of an environment: `containers/<env>/environment.toml` (host only: needs pydantic)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

VariantName = Literal["cpu", "cuda", "cuda12"]
Version = Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)*$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$")]


class Variant(BaseModel):
    """What one lock of an environment needs of a machine; a CPU lock needs nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cuda: Version | None = Field(default=None, description="CUDA generation that the lock brings, such as 13.0")
    driver: Version | None = Field(default=None, description="oldest NVIDIA driver that can load it")
    capability: Version | None = Field(default=None, description="smallest compute capability it has kernels for")


class Environment(BaseModel):
    """One isolated set of packages; every model that names it shares its locks and its image layers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(description="the folder's name")
    summary: str = Field(min_length=1, description="one line: which package, which version, which framework")
    python: Annotated[str, StringConstraints(pattern=r"^3\.\d+$")] = Field(description="Python minor, such as 3.11")
    debian: tuple[Name, ...] = Field(default=(), description="Debian packages on top of the base's own")
    variables: dict[str, str] = Field(default_factory=dict, description="environment variables of the worker")
    source_only: tuple[Name, ...] = Field(
        default=(),
        description="packages of which the index has no wheel: built once, with the network cut, and kept as wheels",
    )
    build: dict[Name, tuple[Name, ...]] = Field(
        default_factory=dict,
        description="of source-only packages that compile: which packages of the same lock they are compiled against",
    )
    cpu_is_cuda_lock: str | None = Field(
        default=None,
        min_length=1,
        description="why no CPU build of the pinned framework can be had; its CUDA lock then runs on the CPU",
    )
    variants: dict[VariantName, Variant] = Field(min_length=1, description="one hashed lock each: <variant>.lock")

    @model_validator(mode="after")
    def _has_a_way_to_run_on_the_cpu(self) -> Environment:
        if self.cpu_is_cuda_lock and "cpu" in self.variants:
            raise ValueError("cpu_is_cuda_lock says that there is no CPU lock, but a cpu variant is declared")
        if self.cpu_is_cuda_lock and "cuda" not in self.variants:
            raise ValueError("cpu_is_cuda_lock needs a cuda variant")
        return self

    @model_validator(mode="after")
    def _compiles_only_what_it_declares(self) -> Environment:
        for name, against in self.build.items():
            if name not in self.source_only:
                raise ValueError(f"build names {name}, which source_only does not")
            if not against or set(against) & set(self.source_only):
                raise ValueError(f"{name} is compiled against packages that have wheels, at least one")
        return self

    @model_validator(mode="after")
    def _says_what_each_variant_brings(self) -> Environment:
        for name, variant in self.variants.items():
            if name != "cpu" and variant.cuda is None:
                raise ValueError(f"variant {name} must say which CUDA generation it brings")
        return self

    def variant_for(self, device: str) -> VariantName | None:
        """Name the lock that serves a device kind.

        Parameters
        ----------
        device
            `cpu` or `cuda`.

        Returns
        -------
        str or None
            None where the environment has no lock for that device.
        """
        if device == "cpu":
            return "cpu" if "cpu" in self.variants else "cuda"
        return "cuda" if "cuda" in self.variants else None
