"""What a user of studies sees, start to end: a forecast, a run that ends in a page, a second run that does nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_study import records_of

from matterzoo_schemas.exit_codes import ExitCode

STUDY = """
id = "small"
title = "Small"
question = "Does it run?"

[[data]]
name = "oxides"
title = "Oxides"
source = "oxides.safetensors"

[[models]]
id = "trivial"

[[models]]
id = "witness"

[measures]
metrics = ["cknna", "id_mle"]
k = [5]
permutations = 19
subsample = 50
against_n = false
seeds = []
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    records_of(60).write(tmp_path / "oxides.safetensors")
    (tmp_path / "small.toml").write_text(STUDY)
    return tmp_path / "small.toml"


def test_studies_are_listed_with_what_they_hold(matterzoo: Any) -> None:
    code, stdout, _ = matterzoo("study", "list")
    assert code == 0
    assert "quick" in stdout
    assert " 59 models, 7 data sets" in stdout


def test_a_dry_run_names_what_cannot_run_and_starts_nothing(matterzoo: Any, tmp_path: Path) -> None:
    code, stdout, _ = matterzoo("study", "run", "universal", "--dry-run")
    assert code == 0
    assert "not in the zoo" not in stdout, "every row of the paper is a model"
    assert "omat24-large: dataset:omat24, 150,000 records" in stdout
    assert "not measured yet" in stdout
    gated = stdout.index("gated: accept the licence at facebook/UMA, then `matterzoo lock MODEL` (2):")
    assert stdout[gated:].splitlines()[1].strip() == "UMA Medium, UMA Small"
    assert not (tmp_path / "studies").exists()


def test_a_dry_run_names_models_that_the_zoo_lacks(matterzoo: Any, small: Path) -> None:
    small.write_text(STUDY.replace('id = "witness"', 'name = "Orb V9"'))
    code, stdout, _ = matterzoo("study", "run", small, "--dry-run")
    assert code == 0
    assert "missing: 2 of 2 models are not in the zoo yet:\n  trivial\n  Orb V9\n" in stdout


def test_a_study_that_contradicts_itself_is_refused_with_the_field(matterzoo: Any, small: Path) -> None:
    small.write_text(STUDY.replace('id = "witness"', 'id = "witness"\ndata = ["moon"]'))
    code, _, stderr = matterzoo("study", "run", small)
    assert code == ExitCode.BAD_CARD
    assert "there is no data set 'moon' in this study" in stderr


@pytest.mark.model_env
@pytest.mark.usefixtures("private_zoo", "plain_environment")
def test_a_study_ends_in_a_page_and_a_second_run_does_nothing(matterzoo: Any, small: Path, tmp_path: Path) -> None:
    code, stdout, stderr = matterzoo("study", "run", small, "--runtime", "venv")
    assert code == 0, stderr
    assert "2 of 2 models compared on 60 records" in stdout
    page = tmp_path / "studies" / "small" / "report.html"
    assert f"report           {page}" in stdout
    assert page.stat().st_size > 1_000_000
    code, _, stderr = matterzoo("study", "run", small, "--runtime", "venv")
    assert code == 0
    assert "oxides: compared before, nothing changed" in stderr
    code, stdout, _ = matterzoo("study", "run", small, "--dry-run")
    assert "to do: 0 embeddings and 0 comparisons" in stdout
