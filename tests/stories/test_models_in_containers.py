"""Real models in a container and in a virtual environment of one lock: the same bytes.

One of them on a user's own CIF in every run, and two of each week's, from environments in turn (`rotation.py`).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from rotation import NAMED, models_of_the_week

import matterzoo as mz
from matterzoo.catalogue import find
from matterzoo_harness.checking.golden import fixed_inputs
from matterzoo_schemas.shard import Embeddings

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


ALWAYS = "chgnet-0.3.0"
A_WEEK = 2


def answers(matterzoo, model: str, source: Path, out: Path) -> Embeddings:
    """Run a model both ways, and return its vectors after comparing every byte of both."""
    found = {}
    for runtime in ("docker", "venv"):
        code, stdout, stderr = matterzoo(
            "run", model, source, "-o", out / runtime, "--runtime", runtime, "--threads", "1", "--json", timeout=1500
        )
        assert code == 0, stderr
        assert json.loads(stdout)[0]["runtime"] == runtime
        found[runtime] = (out / runtime / f"{model}.safetensors").read_bytes()
    assert found["docker"] == found["venv"]
    return mz.load(out / "docker" / f"{model}.safetensors")


@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.network
def test_a_container_and_a_virtual_environment_agree_bit_for_bit_about_a_users_own_file(
    matterzoo, tmp_path: Path
) -> None:
    source = tmp_path / "my.cif"
    source.write_text(MY_CIF)
    vectors = next(iter(answers(matterzoo, ALWAYS, source, tmp_path).layers.values())).pooled
    assert vectors.shape[0] == 1
    assert np.ptp(vectors) > 0


@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.network
@pytest.mark.parametrize("turn", range(A_WEEK))
def test_so_do_those_of_the_models_whose_turn_it_is_this_week(matterzoo, tmp_path: Path, turn: int) -> None:
    today = datetime.now(UTC).date()
    model = next(islice(models_of_the_week(A_WEEK, today, but=[find(ALWAYS).card.environment]), turn, None), None)
    if model is None:
        pytest.skip(f"{NAMED} names fewer models")
    print(f"to repeat it in any week: {NAMED}={model.id}")
    source = fixed_inputs(model, tmp_path).with_view(model.card.view.value).file
    embeddings = answers(matterzoo, model.id, source, tmp_path)
    assert embeddings.ok.all()
    vectors = next(iter(embeddings.layers.values())).pooled
    assert vectors.shape[0] == len(embeddings.ids) > 1
    assert np.ptp(vectors, axis=0).any()
