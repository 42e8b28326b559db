"""Real models on a user's own CIF: a container and a virtual environment of one lock give the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import matterzoo as mz

MY_CIF = """data_MgO
_symmetry_space_group_name_H-M 'F m -3 m'
_symmetry_Int_Tables_number 225
_cell_length_a 4.212
_cell_length_b 4.212
_cell_length_c 4.212
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Mg1 Mg 0 0 0
O1 O 0.5 0.5 0.5
"""


@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.network
@pytest.mark.parametrize("model", ["chgnet-0.3.0", "sevennet-0", "mace-random"])
def test_a_container_and_a_virtual_environment_agree_bit_for_bit(matterzoo, tmp_path: Path, model: str) -> None:
    source = tmp_path / "my.cif"
    source.write_text(MY_CIF)
    answers = {}
    for runtime in ("docker", "venv"):
        out = tmp_path / runtime
        code, stdout, stderr = matterzoo(
            "run", model, source, "-o", out, "--runtime", runtime, "--threads", "1", "--json", timeout=1500
        )
        assert code == 0, stderr
        assert json.loads(stdout)[0]["runtime"] == runtime
        answers[runtime] = (out / f"{model}.safetensors").read_bytes()
    assert answers["docker"] == answers["venv"]
    vectors = next(iter(mz.load(tmp_path / "docker" / f"{model}.safetensors").layers.values())).pooled
    assert vectors.shape[0] == 1
    assert np.ptp(vectors) > 0
