"""The description of an environment."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from matterzoo_schemas.environment import Environment

PLAIN = {"name": "plain", "summary": "nothing", "python": "3.11", "variants": {"cpu": {}}}
CUDA = {"cuda": "13.0", "driver": "580"}


def test_a_key_that_nobody_reads_is_refused() -> None:
    with pytest.raises(ValidationError, match="pythn"):
        Environment.model_validate({**PLAIN, "pythn": "3.11"})


@pytest.mark.parametrize("python", ["3", "3.11.7", "2.7", "py311"])
def test_python_is_a_minor(python: str) -> None:
    with pytest.raises(ValidationError):
        Environment.model_validate({**PLAIN, "python": python})


def test_an_environment_without_a_variant_is_refused() -> None:
    with pytest.raises(ValidationError):
        Environment.model_validate({**PLAIN, "variants": {}})


def test_a_cuda_variant_says_which_cuda_it_brings() -> None:
    with pytest.raises(ValidationError, match="CUDA generation"):
        Environment.model_validate({**PLAIN, "variants": {"cpu": {}, "cuda": {}}})


def test_where_no_cpu_build_can_be_had_the_cuda_lock_serves_the_cpu() -> None:
    environment = Environment.model_validate(
        {**PLAIN, "variants": {"cuda": CUDA}, "cpu_is_cuda_lock": "its torch fork has CUDA wheels only"}
    )
    assert environment.variant_for("cpu") == "cuda"


def test_a_reason_for_no_cpu_lock_beside_a_cpu_lock_is_refused() -> None:
    with pytest.raises(ValidationError, match="no CPU lock"):
        Environment.model_validate({**PLAIN, "cpu_is_cuda_lock": "why"})


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"source_only": []}, "source_only does not"),
        ({"build": {"scatter": []}}, "at least one"),
        ({"source_only": ["scatter", "torch"]}, "have wheels"),
    ],
)
def test_what_compiles_has_no_wheel_and_says_against_which_wheels(changed: dict[str, object], why: str) -> None:
    compiling = {**PLAIN, "source_only": ["scatter"], "build": {"scatter": ["torch"]}}
    assert Environment.model_validate(compiling).build == {"scatter": ("torch",)}
    with pytest.raises(ValidationError, match=why):
        Environment.model_validate(compiling | changed)


def test_an_environment_without_cuda_has_no_lock_for_a_gpu() -> None:
    assert Environment.model_validate(PLAIN).variant_for("cuda") is None
