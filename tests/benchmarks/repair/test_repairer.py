"""Detect, repair, classify: what is learned, how a repair is chosen, what is kept."""

import numpy as np
import pytest

import benchmarks.repair.repairer as module
from benchmarks.corruptions import CORRUPTIONS
from benchmarks.data.images import Images
from benchmarks.errors import UserError
from benchmarks.repair.distortions import Examples, detected, examples
from benchmarks.repair.levels import family_of, kind
from benchmarks.repair.repairer import GATE, choose, expected, learn, load_repairer, look, table_of
from benchmarks.repair.repairs import AS_IT_IS, TOGETHER, Repairs, fit_repairs, steps
from estimators import repairs
from estimators.repairs import repair
from tests.benchmarks.repair.scene import SMALL, dataset, digits, model

OWN = ("fog", "translate", "stripe", "shot_noise", "gaussian_noise")


def without_network(X):
    """All repairs but the one that takes TensorFlow half a minute."""
    names = [name for name in repairs.names() if name != "autoencoder"]
    ways = (AS_IT_IS, *names, *(way for way in TOGETHER if "autoencoder" not in way))
    return Repairs({name: repair(name).fit(X) for name in names}, ways)


@pytest.fixture(scope="module")
def learned():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "fit_repairs", without_network)
        return learn(dataset(), model().predict_proba, sizes=SMALL)


@pytest.fixture(scope="module")
def new():
    return digits().rows(np.arange(700, 1000))


def accuracy(proba, y):
    return (proba.argmax(1) == y).mean()


def test_examples_are_at_every_level_and_some_can_be_left_out():
    train = dataset().train
    shown = examples(train, 50, 3, 0)
    assert shown.levels[0] == "none" and {"fog-1", "fog-3", "fog-5"} <= set(shown.levels)
    assert not any(kind(level) == "saturate" for level in shown.levels), "it leaves grey images as they are"
    counts = np.bincount(shown.level)
    assert counts[0] == 50 and set(counts[1:]) == {3} and len(shown) == counts.sum()
    less = shown.without({"fog", "shear"})
    assert len(less) == len(shown) - 18 and not any(kind(level) in ("fog", "shear") for level in less.levels)
    for level in ("none", "stripe-3", less.levels[-1]):
        here, there = shown.level == shown.levels.index(level), less.level == less.levels.index(level)
        assert np.array_equal(shown.images.X[here], less.images.X[there])
        assert np.array_equal(shown.images.y[here], less.images.y[there])
    again = examples(train, 50, 3, 0)
    assert np.array_equal(again.images.X, shown.images.X)


def test_families_are_those_of_the_modules():
    assert set(family_of("fog")) == {"fog", "snow", "spatter"} and "gaussian_noise" in family_of("shot_noise")


def test_what_is_detected_is_the_corruption_of_most_probability_over_its_severities():
    levels = ("none", "fog-1", "fog-5", "shear-3")
    proba = np.array([[0.4, 0.3, 0.3, 0.0], [0.5, 0.1, 0.1, 0.3], [0.1, 0.0, 0.0, 0.9]])
    found = detected(levels, proba)
    assert found.kinds.tolist() == ["fog", "none", "shear"]
    np.testing.assert_allclose(found.strength, [3, 0, 3])
    np.testing.assert_allclose(found.probability, [0.6, 0.5, 0.9])
    assert len(detected(levels, proba[:0]).kinds) == 0


def test_a_repair_is_chosen_by_the_table_by_confidence_or_by_both():
    table = np.array([[0.9, 0.8], [0.2, 0.7]])  # levels: clean, foggy; ways: as it is, repaired
    levels = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.4]])
    proba = np.array([[[0.6, 0.4]] * 3, [[0.3, 0.7], [0.45, 0.55], [0.1, 0.9]]])
    hoped = expected(levels, levels, table, (AS_IT_IS, "median"))
    assert choose(proba, hoped, "table").tolist() == [0, 1, 1]
    assert choose(proba, 1.0).tolist() == [1, 0, 1]
    assert choose(proba, hoped).tolist() == [1, 1, 1]
    same = np.repeat(proba[:1], 2, axis=0)
    assert choose(same, 1.0).tolist() == choose(same, np.ones((3, 2))).tolist() == [0, 0, 0], "of equals, none"


def test_what_begins_with_the_inversion_is_judged_by_what_is_seen_after_it():
    """A detector that never saw stripes says nonsense of them, but knows what is left when they are gone."""
    ways = (AS_IT_IS, "centre", "inversion", "inversion+centre")
    table = np.array([[0.9, 0.8, 0.1, 0.2], [0.3, 0.7, 0.4, 0.5]])  # levels: clean, shifted
    before, after = np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]])
    np.testing.assert_allclose(expected(before, after, table, ways), [[0.3, 0.7, 0.9, 0.8]])
    assert GATE in ways


def test_images_that_the_inversion_leaves_alone_are_looked_at_once(learned, new):
    X = new.X[:10].copy()
    X[:5] = 255 - X[:5]
    levels, again = look(learned.detector, learned.repairs, X)
    assert np.array_equal(levels[5:], again[5:])
    np.testing.assert_allclose(again[:5], learned.detector.probabilities(new.X[:5]))


def test_the_table_is_the_mean_probability_of_the_true_class_at_each_level():
    X = np.zeros((4, 2, 2, 1), np.uint8)
    held_out = Examples(Images(X, np.array([0, 1, 1, 0])), np.array([0, 0, 1, 2]), ("none", "fog-1", "stripe-3"))
    first = np.array([[[1.0, 0.0], [0.8, 0.2], [0.5, 0.5], [0.3, 0.7]], [[0.5, 0.5]] * 4])
    np.testing.assert_allclose(table_of(first, held_out), [[0.6, 0.5], [0.5, 0.5], [0.3, 0.5]])
    np.testing.assert_allclose(table_of(first, held_out, {"fog"}), [[0.6, 0.5], [0.3, 0.5]])


def test_what_ways_have_in_common_is_done_once_and_each_is_what_it_says():
    X = digits().X[:30]
    every = without_network(X)
    for way, repaired in every.each(X):
        assert np.array_equal(repaired, every(X, way))
    assert steps("a+b") == ("a", "b") and steps(AS_IT_IS) == () and np.array_equal(every(X, AS_IT_IS), X)


def test_it_brings_accuracy_back_without_the_test_part_and_leaves_clean_images_right(learned, new):
    clean = accuracy(model().predict_proba(new.X), new.y)
    lost, back = 0.0, 0.0
    for name in OWN:
        bad = CORRUPTIONS[name](new.X, CORRUPTIONS[name].own, np.random.default_rng(7))
        raw, after = accuracy(model().predict_proba(bad), new.y), learned(bad, model().predict_proba)
        assert np.allclose(model().predict_proba(after.images), after.proba, atol=1e-6), (
            "an answer is that of its image"
        )
        lost, back = lost + clean - raw, back + accuracy(after.proba, new.y) - raw
    assert back > 0.4 * lost > 0.2
    found = learned(new.X, model().predict_proba)
    assert accuracy(found.proba, new.y) > clean - 0.03 and (found.kinds == "none").mean() > 0.6


def test_detected_are_kind_and_strength(learned, new):
    bad = CORRUPTIONS["stripe"](new.X, 5, np.random.default_rng(0))
    found = learned(bad, model().predict_proba)
    assert (found.kinds == "stripe").mean() > 0.9 and found.ways[0] in learned.repairs.ways
    weak, strong = (CORRUPTIONS["brightness"](new.X, severity, np.random.default_rng(0)) for severity in (1, 5))
    weak, strong = (learned(X, model().predict_proba) for X in (weak, strong))
    assert (
        strong.strength.mean() > weak.strength.mean() + 1 and 0 <= strong.strength.min() <= strong.strength.max() <= 5
    )


def test_an_image_is_repaired_for_itself(learned, new):
    bad = CORRUPTIONS["fog"](new.X[:20], 5, np.random.default_rng(0))
    whole, part = (learned(X, model().predict_proba) for X in (bad, bad[15:]))
    assert np.array_equal(whole.images[15:], part.images) and np.array_equal(whole.ways[15:], part.ways)


def test_what_is_kept_does_the_same_and_damage_is_one_line(learned, new, tmp_path):
    learned.save_to(tmp_path / "repair")
    learned.save_to(tmp_path / "repair")  # in the place of the one there
    found = load_repairer(tmp_path / "repair")
    bad = CORRUPTIONS["fog"](new.X[:40], 5, np.random.default_rng(0))
    one, other = (r(bad, model().predict_proba) for r in (learned, found))
    assert np.array_equal(one.images, other.images) and one.kinds.tolist() == other.kinds.tolist()
    files = {file.suffix for file in (tmp_path / "repair").rglob("*") if file.is_file()}
    assert files == {".json", ".md", ".skops"}
    (tmp_path / "repair" / "detector" / "model.skops").write_bytes(b"broken")
    with pytest.raises(UserError, match="holds a damaged repair"):
        load_repairer(tmp_path / "repair")
    learned.save_to(tmp_path / "repair")
    facts = (tmp_path / "repair" / "repair.json").read_text()
    (tmp_path / "repair" / "repair.json").write_text(facts.replace('"median"', '"../../detector"'))
    with pytest.raises(UserError, match=r"it names .*detector, and there is no such repair"):
        load_repairer(tmp_path / "repair")
    (tmp_path / "repair" / "repair.json").write_text('{"format": 9}')
    with pytest.raises(UserError, match="has format 9"):
        load_repairer(tmp_path / "repair")
    with pytest.raises(UserError, match="learn-repair"):
        load_repairer(tmp_path / "nowhere")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="holds no repair"):
        learned.save_to(tmp_path / "full")
    assert (tmp_path / "full" / "thesis.txt").exists()


def test_a_model_of_other_images_and_a_wrong_detector_are_refused(monkeypatch):
    monkeypatch.setattr(module, "fit_repairs", without_network)
    with pytest.raises(UserError, match="Did you mean 'network'"):
        learn(dataset(), model().predict_proba, detector="netwrk")
    with pytest.raises(UserError, match=r"labels .* % rightly, and a guess"):
        learn(dataset(), lambda X: model().predict_proba(X)[:, ::-1], sizes=SMALL)


def test_all_repairs_are_tried_and_none_comes_first(monkeypatch):
    monkeypatch.setattr("benchmarks.repair.repairs.repair", lambda name: repair("median"))
    ways = fit_repairs(digits().X[:20]).ways
    assert ways[0] == AS_IT_IS and set(repairs.names()) < set(ways) and set(TOGETHER) < set(ways)
