"""What an embedding says about a label, and what one model's probe says through another."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeCV

from matterzoo_harness.metrics import MetricError
from matterzoo_harness.metrics.energy import composition_corrected, corrected_mae
from matterzoo_harness.metrics.labels import aligned, labels_of
from matterzoo_harness.metrics.probes import ALPHAS, MAP_RIDGE, probe, transfer
from matterzoo_schemas.records import Records, Sample
from matterzoo_schemas.views import Structure


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(240, 5))
    label = latent @ rng.normal(size=5) + 0.05 * rng.normal(size=240)
    embeddings = [latent @ rng.normal(size=(5, d)) + 0.05 * rng.normal(size=(240, d)) for d in (12, 30)]
    return [*embeddings, rng.normal(size=(240, 20))], label


def test_a_probe_finds_what_is_there_and_nothing_else(world):
    embeddings, label = world
    assert probe(embeddings[0], label).r2 > 0.98
    assert probe(embeddings[2], label).r2 < 0.05
    assert probe(embeddings[2], np.random.default_rng(1).permutation(label)).r2 < 0.05


def test_no_record_is_predicted_by_a_probe_that_saw_it(world):
    """More columns than records fit any label: only held-out predictions show that there is nothing to find."""
    rng = np.random.default_rng(2)
    assert probe(rng.normal(size=(60, 200)), rng.normal(size=60)).r2 < 0.2


def test_records_without_a_label_are_left_out(world):
    embeddings, label = world
    partly = label.copy()
    partly[::4] = np.nan
    found = probe(embeddings[0], partly)
    assert found.records == 180
    assert np.isnan(found.predictions).sum() == 60
    assert found.r2 == pytest.approx(probe(embeddings[0][np.isfinite(partly)], label[np.isfinite(partly)]).r2)


def test_labels_of_several_columns_count_the_columns_that_vary(world):
    embeddings, label = world
    both = probe(embeddings[0], np.column_stack([label, np.ones(240), -label]))
    assert both.predictions.shape == (240, 3)
    assert both.r2 > 0.98


def test_transfer_equals_an_explicit_map_and_then_the_probe(world):
    embeddings, label = world
    found = transfer(embeddings, label, seed=4)
    order = np.random.default_rng(4).permutation(240)
    for a, source in enumerate(embeddings):
        for b, through in enumerate(embeddings):
            predictions = np.empty(240)
            for fold in np.array_split(order, 5):
                rest = np.setdiff1d(order, fold)
                scale = np.square(source[rest] - source[rest].mean(0)).sum() / source.shape[1]
                read = RidgeCV(alphas=ALPHAS * scale).fit(source[rest], label[rest])
                strength = MAP_RIDGE * np.square(through[rest] - through[rest].mean(0)).sum() / through.shape[1]
                carry = Ridge(alpha=strength).fit(through[rest], source[rest])
                predictions[fold] = read.predict(carry.predict(through[fold]))
            expected = 1 - np.square(label - predictions).sum() / np.square(label - label.mean()).sum()
            assert found[a, b] == pytest.approx(expected, abs=1e-9)
    assert found[0, 1] > 0.95
    assert found[0, 2] < 0.1


def test_labels_that_cannot_be_probed_are_refused(world):
    embeddings, label = world
    with pytest.raises(MetricError, match="the same for all records"):
        probe(embeddings[0], np.ones(240))
    with pytest.raises(MetricError, match="240 embeddings and 239 labels"):
        probe(embeddings[0], label[1:])
    with pytest.raises(MetricError, match="too few"):
        probe(embeddings[0][:8], label[:8])


def test_energies_are_compared_without_their_reference_energies():
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 5, size=(50, 4))
    energy = counts @ [-3.0, -5.0, 1.0, 2.0] + rng.normal(size=50)
    elsewhere = energy + counts @ [10.0, -7.0, 0.5, 3.0] + 42
    assert corrected_mae(energy, elsewhere, counts) == pytest.approx(0, abs=1e-9)
    assert np.abs(energy - elsewhere).mean() > 10
    noisy = elsewhere + 0.3 * rng.normal(size=50)
    difference = composition_corrected(energy, counts) - composition_corrected(noisy, counts)
    assert corrected_mae(energy, noisy, counts) == pytest.approx(np.abs(difference).mean())


def test_missing_energies_are_left_out_and_exact_fits_refused():
    rng = np.random.default_rng(0)
    counts, energy = rng.integers(0, 5, size=(30, 3)), rng.normal(size=30)
    predicted = energy + rng.normal(size=30)
    predicted[3] = np.nan
    kept = np.arange(30) != 3
    assert corrected_mae(energy, predicted, counts) == pytest.approx(
        corrected_mae(energy[kept], predicted[kept], counts[kept])
    )
    with pytest.raises(MetricError, match="fitted exactly by their composition"):
        corrected_mae(energy[:4], energy[:4], counts[:4])
    with pytest.raises(MetricError, match="30 reference energies, 29 predictions"):
        corrected_mae(energy, energy[1:], counts)


def test_labels_are_read_off_the_structures():
    rock_salt = Structure(
        np.array([11, 17], np.uint8),
        np.array([[0.0, 0, 0], [2.82, 0, 0]]),
        np.array([[0, 2.82, 2.82], [2.82, 0, 2.82], [2.82, 2.82, 0]]),
        np.ones(3, bool),
    )
    water = Structure(np.array([8, 1, 1], np.uint8), np.eye(3))
    records = Records.of(
        [Sample("salt", {"atoms": rock_salt}, {"energy": -6.0}), Sample("water", {"atoms": water}, {})]
    )
    labels = labels_of(records)
    assert labels["atoms"].tolist() == [2, 3]
    assert labels["composition"].shape == (2, 4)
    assert labels["density"][0] == pytest.approx(2.16, abs=0.02)  # halite
    assert labels["volume"][0] == pytest.approx(2 * 2.82**3 / 2)
    assert np.isnan(labels["volume"][1])
    assert labels["energy"][0] == -6.0
    assert aligned(labels["atoms"], ["salt", "water"], ["water", "salt"]).tolist() == [3, 2]
    with pytest.raises(MetricError, match="1 records have no labels: ice"):
        aligned(labels["atoms"], ["salt", "water"], ["ice"])
