"""The page holds all that it shows, and says what it does not show."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_study import TRAINED, made, study

from matterzoo_harness.datasets.card import find_dataset
from matterzoo_harness.report.origins import origins
from matterzoo_harness.report.page import html_page, write_report
from matterzoo_harness.report.panels import PANELS
from matterzoo_harness.report.results import Results, read_results
from matterzoo_harness.report.words import answer

CHEAP = {"metrics": ("cknna", "id_mle"), "k": (5,), "permutations": 0, "against_n": False, "seeds": ()}


def page_of(results: Results) -> str:
    return html_page(results, [make(results) for make in PANELS])


def packed(page: str) -> dict[str, Any]:
    found = re.search(r'id="payload">([^<]*)<', page)
    assert found
    content: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(found[1])))
    return content


def own_part(page: str) -> str:
    """The page without plotly, which is packed."""
    return re.sub(r'<script [^>]*id="library">[^<]*</script>', "", page)


def test_the_page_names_no_other_file_and_no_host(tmp_path: Path) -> None:
    page = page_of(made(tmp_path, study(measures=CHEAP, data=("in",))))
    own = own_part(page)
    assert len(own) < len(page) / 2, "plotly is in the page once"
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"|https?://|url\(|@import', own)


def test_equal_results_give_equal_bytes(tmp_path: Path) -> None:
    results = made(tmp_path, study(measures=CHEAP, data=("in",)))
    assert page_of(results) == page_of(results)


def test_an_answer_rests_on_trained_pairs(tmp_path: Path) -> None:
    results = made(tmp_path, study(measures={**CHEAP, "permutations": 99, "subsample": 80}, data=("in", "out")))
    said = answer(results)
    assert said.headline.startswith("On in, trained models agree: the median pair of 4 trained models")
    assert "where chance gives 0.0" in said.headline
    assert any(line.startswith("On out, outside of their training data,") for line in said.sentences)
    assert any("6 of 6 trained pairs are above chance" in line for line in said.sentences)


def test_too_few_draws_call_no_pair_chance(tmp_path: Path) -> None:
    results = made(tmp_path, study(measures={**CHEAP, "permutations": 19, "subsample": 80}, data=("in",)))
    assert not answer(results).headline.startswith("No")


def test_an_empty_study_says_so(tmp_path: Path) -> None:
    nothing = study(models=(), data=())
    page = write_report(read_results(nothing, tmp_path, lambda _: pytest.fail("no model was named")), tmp_path)
    text = page.read_text("utf-8")
    assert "This study names no models, so there is nothing to show." in text
    assert "This study has nothing of this kind." in text


def test_a_study_that_was_not_run_says_so(tmp_path: Path) -> None:
    from made_study import find

    text = page_of(read_results(study(), tmp_path, find))
    assert "No comparison was made, so there is no answer: this data set was not run yet." in text
    assert "Nothing was embedded yet." in text


def test_one_model_has_nobody_to_agree_with(tmp_path: Path) -> None:
    results = made(tmp_path, study(models=("sevennet-0",), data=("in",), measures=CHEAP))
    page = page_of(results)
    assert "One model alone (sevennet-0) agrees with nobody: a comparison needs two." in page
    assert not packed(page)["panels"]["matrix"]
    assert packed(page)["panels"]["dimension"]["in"], "its dimension is shown all the same"


def test_a_model_that_failed_everywhere_is_named_and_costs_the_others_nothing(tmp_path: Path) -> None:
    results = made(tmp_path, study(measures=CHEAP, data=("in",)), failing={("in", "chgnet-0.2.0"): 1.0})
    page = page_of(results)
    assert "In: no vector at all from chgnet-0.2.0." in page
    assert "120 × unsupported: element 6 is not known" in page
    (heatmap,) = packed(page)["panels"]["matrix"]["in"]["cknna@5"]["figure"]["data"]
    assert "chgnet-0.2.0" not in heatmap["x"]
    assert len(heatmap["x"]) == 5
    assert results.data[0].comparison is not None
    assert results.data[0].comparison.provenance["records"] == 120


def test_unequal_coverage_is_said_and_a_model_below_the_least_is_not_compared(tmp_path: Path) -> None:
    failing = {("in", "chgnet-0.2.0"): 0.1, ("in", "sevennet-l3i5"): 0.5}
    results = made(tmp_path, study(measures=CHEAP, data=("in",)), failing=failing)
    page = page_of(results)
    assert "In: not compared, for too little coverage: sevennet-l3i5." in page
    assert "compared on the 108 of 120 records that all have" in page
    assert '<td class="number" data-value="0.5">50% <span class="tag">not compared</span></td>' in page


def test_a_model_that_the_zoo_lacks_is_a_row_and_a_warning(tmp_path: Path) -> None:
    rows = [{"id": name} for name in TRAINED] + [{"name": "Orb V9"}]
    results = made(tmp_path, study(models=(), data=("in",), measures=CHEAP).model_validate(
        {**study(data=("in",), measures=CHEAP).model_dump(mode="json"), "models": rows}))  # fmt: skip
    page = page_of(results)
    assert "1 of 5 models are not in the zoo: Orb V9." in page
    assert '<span class="tag">not in the zoo</span>' in page


def test_every_number_is_traceable(tmp_path: Path) -> None:
    results = made(tmp_path, study(measures=CHEAP, data=("in",)))
    page = page_of(results)
    origins = page[page.index('id="origins"') :]
    header = results.data[0].coverages["sevennet-0"].header
    for whole in (header["key"], header["records"], "c" * 64, "1" * 64, "a" * 64):
        assert f'title="{whole}"' in origins
    assert "comparison: inputs_sha256" in page


def test_a_public_data_set_is_shown_with_licence_revision_and_hash(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("MATTERZOO_HOME", str(tmp_path / "home"))
    declared = study(models=("sevennet-0", "chgnet-0.3.0"), data=("in",), measures=CHEAP)
    results = made(tmp_path, declared)
    public = results.data[0].data.model_copy(update={"source": "dataset:omol25"})
    card = find_dataset("omol25")
    kept = tmp_path / "home" / "datasets" / "omol25"
    kept.mkdir(parents=True)
    (kept / "fetched.json").write_text(json.dumps({card.files[0].url: {"sha256": "d" * 64, "size": 1}}))
    text = origins(replace(results, data=(replace(results.data[0], data=public),)))
    assert f"<dt>licence</dt><dd>{card.licence}</dd>" in text
    assert f"<dt>revision</dt><dd>{card.revision}</dd>" in text
    assert f"<dd>{'d' * 64}</dd>" in text


def test_records_that_repeat_others_are_said_on_the_first_screen(tmp_path: Path) -> None:
    results = made(tmp_path, study(models=("sevennet-0", "chgnet-0.3.0"), data=("in",), measures=CHEAP))
    (data,) = results.data
    assert not any("repeat" in line for line in answer(results).warnings)
    again = replace(results, data=(replace(data, sample={**data.sample, "repeats": 7}),))
    assert "In: 7 of 120 records repeat the content of another one." in answer(again).warnings


def test_the_numbers_lie_beside_the_page(tmp_path: Path) -> None:
    results = made(tmp_path, study(measures=CHEAP, data=("in",)))
    page = write_report(results, tmp_path).read_text("utf-8")
    with (tmp_path / "figures" / "matrix.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    inside = list(
        csv.DictReader(io.StringIO(packed(page)["tables"][packed(page)["panels"]["matrix"]["in"]["cknna@5"]["csv"]]))
    )
    assert [float(row["value"]) for row in rows] == pytest.approx([float(row["value"]) for row in inside], rel=1e-4)
    assert len(rows) == 21, "six models beside themselves and each other; the metric is symmetric"


@pytest.mark.slow
def test_sixty_models_fit_in_fifteen_megabytes(tmp_path: Path) -> None:
    from matterzoo.catalogue import cards

    names = tuple(folder.name for _, folder in cards())[:60]
    measures = {"metrics": ("cknna", "mutual_knn", "dcor", "dcor_sqr_unbiased", "cka_linear_unbiased", "information_imbalance"),
                "k": (5, 2, 10), "permutations": 19, "subsample": 60, "seeds": ()}  # fmt: skip
    results = made(tmp_path, study(models=names, data=("in", "out"), measures=measures), count=100)
    one = len(page_of(Results(results.study, results.data[:1], results.facts)))
    two = len(page_of(Results(results.study, results.data, results.facts)))
    assert two + 3 * (two - one) < 15e6, "five data sets of sixty models"
