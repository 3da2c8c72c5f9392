"""What every exhibit must do, asked of each; then what is special to some."""

from __future__ import annotations

import dataclasses
import io
import warnings

import numpy as np
import pandas as pd
import pytest

import reports
from benchmarks.ledger import Ledger
from reports.analysis.costs import FIT, LATENCY, Cost, costs, front
from reports.analysis.importance import important_axes
from reports.analysis.ranks import same_images
from reports.drawing import style
from reports.drawing.formats import PERCENT, PLAIN
from reports.exhibits import ACROSS, EXHIBITS, GROUPS
from reports.leaderboard import scores
from reports.page import table
from tests.reports.folder import write_info
from tests.reports.study import write_budgets, write_corruption, write_repair, write_study, write_transfer, write_tuning

each = pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda exhibit: exhibit.name)
NAMED = {exhibit.name: exhibit for exhibit in EXHIBITS}
all_of_them = pytest.mark.parametrize("exhibit", EXHIBITS + ACROSS, ids=lambda exhibit: exhibit.name)


@each
@pytest.mark.parametrize("dataset", ["digits", "things"])
def test_it_shows_numbers_and_draws_them(exhibit, dataset, run_folder):
    run = reports.load(run_folder)
    frame = exhibit.table(run, dataset)
    if exhibit.studies or (exhibit.name == "failures" and dataset == "digits"):
        assert frame.empty
        return
    assert not frame.empty
    pd.testing.assert_frame_equal(frame, exhibit.table(reports.load(run_folder), dataset))
    looks = style.looks(run.families)
    if exhibit.draw:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            drawing = style.inline(style.sketch(exhibit.draw(frame, looks), "name", exhibit.describe(frame)))
            assert drawing == style.inline(style.sketch(exhibit.draw(frame, looks), "name", exhibit.describe(frame)))
        assert "<script" not in drawing
        assert "<metadata" not in drawing
        assert drawing.startswith("<svg viewBox=")
        assert 'aria-label="' in drawing
        assert exhibit.describe(frame)


@all_of_them
def test_it_says_in_one_line_what_it_is(exhibit):
    assert exhibit.group in GROUPS or exhibit in ACROSS
    for text in (exhibit.title, exhibit.lead, exhibit.empty):
        assert text
        assert "\n" not in text
    assert exhibit.frame.__doc__


def test_claims_stand_beside_what_was_measured(make_run):
    run = reports.load(make_run(seeds=(0, 1), failures=False))
    (claims,) = (exhibit for exhibit in EXHIBITS if exhibit.name == "claims")
    table = claims.table(run, "digits").set_index("variant")
    assert list(table.index) == run.variants
    assert table.loc["xgboost", ["claimed", "found"]].isna().all()
    assert table.loc["svm", "found"] == "higher" and table.loc["cnn", "found"] == "lower"
    below = table.loc["mlp", "accuracy_low"] <= 0.98 <= table.loc["mlp", "accuracy_high"]
    assert (table.loc["mlp", "found"] == "as claimed") == below
    steps = table[["claimed_step", "step"]]
    assert steps.iloc[0].isna().all(), "there is nothing above the first"
    for one, other in zip(table.index[:-1], table.index[1:], strict=True):
        step = table.loc[other, "accuracy"] - table.loc[one, "accuracy"]
        assert table.loc[other, "step"] == pytest.approx(step, abs=1e-9)
        assert table.loc[other, "step_low"] < step < table.loc[other, "step_high"]
    assert claims.note(claims.table(run, "digits")) == "Reported <b>somewhere</b> for other digits."
    assert claims.belongs_to(run) and not claims.belongs_to(dataclasses.replace(run, info=run.info | {"claims": {}}))


def test_a_network_is_held_against_what_the_machine_can_multiply(make_run):
    run = reports.load(make_run(seeds=(0, 1), failures=False))
    (exhibit,) = (exhibit for exhibit in EXHIBITS if exhibit.name == "operations")
    row = exhibit.table(run, "digits").set_index("variant").loc["cnn"]
    fits = run.fits.query("dataset == 'digits' and variant == 'cnn'")
    rates = 3 * 5 * 2_654_208 * 120_000 / fits["fit_seconds"] / 1e9
    assert row["gflops"] == pytest.approx(rates.mean()) and row["operations"] == 5 * 2_654_208
    assert np.isnan(row["share"]), "these runs did not measure it"
    for one in run.info["sessions"]:
        one["environment"]["product_gflops"] = 150.0
    assert exhibit.table(run, "digits").set_index("variant").loc["cnn", "share"] == pytest.approx(rates.mean() / 150)
    for damaged in ("many", [150], None, 0):
        run.info["sessions"][0]["environment"]["product_gflops"] = damaged
        assert np.isnan(exhibit.table(run, "digits")["share"]).all()


@pytest.fixture(scope="session")
def studies(tmp_path_factory):
    """Small studies of sizes, budgets, tuning, corruptions, repair and transfer."""
    write = (write_study, write_budgets, write_tuning, write_corruption, write_repair, write_transfer)
    return [one(tmp_path_factory.mktemp("study") / "run", tests=300, seeds=(0, 1)) for one in write]


def frames(exhibit, *folders):
    """The frames of an exhibit on all data sets of some runs, empty ones left out."""
    runs = [reports.load(folder) for folder in folders]
    asked = [(run, ()) for run in runs] if exhibit in ACROSS else [(run, (d,)) for run in runs for d in run.datasets]
    return [(run, frame) for run, dataset in asked if len(frame := exhibit.table(run, *dataset))]


@all_of_them
def test_it_declares_each_of_its_columns(exhibit, three_seeds, studies):
    found = frames(exhibit, three_seeds, *studies)
    assert found
    assert set().union(*(frame.columns for _, frame in found)) == set(exhibit.columns)


@all_of_them
def test_a_column_more_shifts_no_other(exhibit, three_seeds, studies):
    _, frame = frames(exhibit, three_seeds, *studies)[0]
    before = table(frame, exhibit.format)
    for place in (0, len(frame.columns) // 2, len(frame.columns)):
        wider = frame.copy()
        wider.insert(place, "newcomer", 3.2)
        after = table(wider, exhibit.format)
        (column,) = [i for i, (words, _, _) in enumerate(after.headings) if words == "newcomer"]
        assert {row[column].text for row in after.rows} == {"3.2000"}
        assert [h for i, h in enumerate(after.headings) if i != column] == before.headings
        assert [[cell for i, cell in enumerate(row) if i != column] for row in after.rows] == before.rows


def test_units_come_from_what_is_declared_and_never_from_a_name():
    frame = pd.DataFrame({"score": [3.2], "fit_seconds": [7], "size_bytes": [2000], "done": [True], "name": ["a"]})
    undeclared = table(frame, lambda name: PLAIN)
    assert [words for words, _, _ in undeclared.headings] == ["score", "fit seconds", "size bytes", "done", "name"]
    assert [cell.text for cell in undeclared.rows[0]] == ["3.2000", "7", "2,000", "yes", "a"]
    declared = table(frame[["score"]] / 10, lambda name: PERCENT)
    assert (declared.headings[0][0], declared.rows[0][0].text) == ("score, %", "32.00")


@pytest.mark.parametrize("exhibit", [e for e in EXHIBITS + ACROSS if e.draw], ids=lambda exhibit: exhibit.name)
def test_a_figure_can_be_drawn_from_the_csv(exhibit, three_seeds, studies):
    run, frame = frames(exhibit, three_seeds, *studies)[0]
    if "image" in frame:
        pytest.skip("pictures are not in the CSV")
    back = pd.read_csv(io.StringIO(exhibit.csv(frame)))
    looks = style.looks(run.families)
    for label, part in exhibit.views(frame).items():
        assert style.sketch(exhibit.draw(exhibit.views(back)[label], looks), "name", "") == style.sketch(
            exhibit.draw(part, looks), "name", ""
        )


def test_an_exhibit_of_a_study_is_shown_by_runs_that_have_it(one_seed, studies):
    learning = next(e for e in EXHIBITS if e.name == "learning")
    accuracy = next(e for e in EXHIBITS if e.name == "accuracy")
    plain, sizes = reports.load(one_seed), reports.load(studies[0])
    assert [learning.belongs_to(plain), learning.belongs_to(sizes)] == [False, True]
    assert accuracy.belongs_to(plain) and accuracy.belongs_to(sizes)


def test_names_are_unique():
    assert len({exhibit.name for exhibit in EXHIBITS + ACROSS}) == len(EXHIBITS + ACROSS)


def test_ranks_of_a_run_of_two_data_sets_come_with_a_warning(run_folder):
    (ranks,) = ACROSS
    run = reports.load(run_folder)
    frame, looks = ranks.table(run), style.looks(run.families)
    # svm and logistic_regression failed on one of the two data sets.
    assert set(frame["variant"]) == {"xgboost", "mlp", "cnn"}
    assert frame["mean_rank"].sum() == 1 + 2 + 3
    assert set(frame["letters"]) == {"a"}
    assert "Too few data sets to conclude" in ranks.note(frame)
    drawing = style.inline(style.sketch(ranks.draw(frame, looks), "ranks", ranks.describe(frame)))
    assert drawing == style.inline(style.sketch(ranks.draw(frame, looks), "ranks", ranks.describe(frame)))
    enough = frame.assign(datasets=20)
    assert "Too few" not in ranks.note(enough)


def test_one_data_set_has_no_ranks(make_run):
    folder = make_run(classes={"digits": ["0", "1"]}, tests=60, trials=2, failures=False)
    assert ACROSS[0].table(reports.load(folder)).empty


def test_calibration_is_that_of_the_leaderboard_and_bins_hold_every_answer(run_folder):
    from reports import leaderboard

    run = reports.load(run_folder)
    calibration = next(e for e in EXHIBITS if e.name == "calibration").table(run, "digits")
    board = leaderboard.frame(run).query("dataset == 'digits'").set_index("variant")
    for name, rows in calibration.groupby("variant"):
        assert rows["images"].sum() == 400 * len(run.evaluated("digits", name))
        assert rows["calibration_error"].unique() == [board.loc[name, "calibration_error"]]
        assert (rows["accuracy_low"] <= rows["accuracy"] + 1e-9).all()
        assert (rows["accuracy"] <= rows["accuracy_high"] + 1e-9).all()


def test_coverage_falls_with_the_confidence_that_is_asked_for(run_folder):
    """For the leader and the best of the other family; nothing is lost: what is labelled, and what is left, is all."""
    from reports import leaderboard

    run = reports.load(run_folder)
    frame = next(e for e in EXHIBITS if e.name == "coverage").table(run, "digits")
    board = leaderboard.frame(run).query("dataset == 'digits'")
    assert list(frame["variant"].unique()) == board.drop_duplicates("family")["variant"].tolist()[:2]
    assert set(frame["family"]) == {"classical", "deep"}
    for name, rows in frame.groupby("variant"):
        assert {0.0, 0.5, 0.8, 0.9, 0.95, 0.99} <= set(rows["confidence"])
        assert rows["coverage"].is_monotonic_decreasing and rows["coverage"].iloc[0] == 1
        assert rows["accuracy"].iloc[0] == pytest.approx(board.set_index("variant").loc[name, "accuracy"])
        assert (rows["left"] == (400 * (1 - rows["coverage"])).round()).all()
        first = run.evaluated("digits", name)[0]
        if len(run.evaluated("digits", name)) == 1:
            sure = run.predictions("digits", name, first).max(axis=1) >= 0.9
            row = rows.set_index("confidence").loc[0.9]
            assert row["coverage"] == pytest.approx(sure.mean())
            assert row["accuracy"] == pytest.approx(run.correct("digits", name)[0][sure].mean())
            assert row["missed"] == (~run.correct("digits", name)[0][sure]).sum()


def boxes(drawing):
    """Where the words of a figure stand: text -> its box, in pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(drawing)
    canvas.draw()
    texts = [text for text in drawing.axes[0].texts if text.get_text()]
    return [(text.get_text(), text.get_window_extent(canvas.get_renderer())) for text in texts]


def test_a_perfect_accuracy_fits_beside_the_axis():
    row = {"family": "deep", "seeds": 1, "accuracy": 1.0, "accuracy_low": 0.9, "accuracy_high": 1.0}
    frame = pd.DataFrame([{"variant": "cnn", "worst_seed": 1.0, "best_seed": 1.0, **row}])
    drawing = NAMED["accuracy"].draw(frame, style.looks({"cnn": "deep"}))
    ((text, box),) = boxes(drawing)
    assert text == "100.00 %"
    assert box.x1 < 72 * drawing.get_figwidth() - 5  # a browser's own font may be wider


def test_confidences_that_coincide_share_a_label():
    frame = pd.DataFrame(
        {"variant": name, "confidence": level, "coverage": 1.0, "accuracy": 1.0, "accuracy_low": 0.9, "accuracy_high": 1.0}
        for name in ("cnn", "svm")
        for level in (0.5, 0.9, 0.99)
    )  # fmt: skip
    drawing = NAMED["coverage"].draw(frame, style.looks({"cnn": "deep", "svm": "classical"}))
    (first, one), (second, other) = boxes(drawing)
    assert first == second == "0.5–0.99"
    assert not one.overlaps(other)


def test_confidences_that_lie_apart_have_a_label_each():
    frame = pd.DataFrame(
        {"variant": "cnn", "confidence": level, "coverage": share, "accuracy": 0.9, "accuracy_low": 0.8, "accuracy_high": 1.0}
        for level, share in ((0.5, 1.0), (0.9, 0.7), (0.95, 0.6), (0.99, 0.2))
    )  # fmt: skip
    drawing = NAMED["coverage"].draw(frame, style.looks({"cnn": "deep"}))
    assert [text for text, _ in boxes(drawing)] == ["0.5", "0.9", "0.99"]


def test_names_of_classes_are_whole_where_they_fit_and_never_alike():
    assert style.distinct(["naïve cat's best", "dog"], 24) == ["naïve cat's best", "dog"]
    assert style.distinct(["plate, front", "plate, frost", "dog"], 9) == ["plat…ront", "plat…rost", "dog"]
    many = [f"{'x' * 20}{i}{'y' * 20}" for i in range(12)]
    cut = style.distinct([*many, "xxxxx… 1"], 8)
    assert len(set(cut)) == 13
    assert max(map(len, cut)) == 8


def test_ties_come_with_what_could_have_been_shown(run_folder):
    differences = next(e for e in EXHIBITS if e.name == "differences")
    frame = differences.table(reports.load(run_folder), "digits")
    assert "A tie is no proof of being equal" in differences.note(frame)
    assert "no lead at all" in differences.note(frame.assign(detectable=1.0))


@each
def test_a_run_in_which_nothing_ended_is_no_error(exhibit, tmp_path):
    write_info(tmp_path, ["digits"], ["svm"])
    Ledger(tmp_path).close()
    frame = exhibit.table(reports.load(tmp_path), "digits")
    assert frame.empty or exhibit.name == "failures"


def test_colour_means_family_and_every_estimator_has_its_own_marker(one_seed):
    everybody = style.looks(reports.load(one_seed).families)
    assert everybody["cnn"].colour == everybody["mlp"].colour == style.FAMILY["deep"]
    assert len({look.marker for look in everybody.values()}) == 5


def test_the_two_axes_that_matter_are_chosen():
    rng = np.random.default_rng(0)
    settings = pd.DataFrame(
        {"noise": rng.random(60), "C": rng.random(60), "depth": rng.integers(1, 9, 60), "kind": ["a", "b"] * 30}
    )
    score = (settings["C"] - 0.3 * (settings["depth"] - 4).abs()).to_numpy()
    assert set(important_axes(settings, score)) == {"C", "depth"}
    assert important_axes(settings[["kind"]], score) == ["kind"]
    assert important_axes(settings[["C"]].assign(C=1), score) == []


def test_the_front_holds_what_nothing_cheaper_beats(one_seed):
    cost = next(e for e in EXHIBITS if e.name == "cost")
    frame = cost.table(reports.load(one_seed), "digits")
    for _, rows in frame.groupby("cost"):
        for row in rows.itertuples():
            rivals = rows[(rows["accuracy"] >= row.accuracy) & (rows["variant"] != row.variant)]
            beaten, unclear = (rivals["high"] < row.low).any(), (rivals["low"] <= row.high).any()
            assert row.front == ("off" if beaten else "open" if unclear else "on")
    assert {"on", "off"} <= set(frame["front"])


def test_costs_whose_ranges_overlap_have_no_place_on_the_front():
    accuracy = {"a": 0.9, "b": 0.95, "c": 0.99}
    own = {"a": Cost(10, 8, 12), "b": Cost(11, 9, 13), "c": Cost(40, 32, 48)}
    assert front(own, accuracy) == {"a": "open", "b": "on", "c": "on"}
    assert front(own | {"b": Cost(5, 4, 6)}, accuracy) == {"a": "off", "b": "on", "c": "on"}


def test_a_range_is_that_of_the_seeds_or_of_one_timing(one_seed, three_seeds):
    one, several = (costs(reports.load(folder), "digits") for folder in (one_seed, three_seeds))
    fit, latency = one[FIT]["cnn"], one[LATENCY]["cnn"]
    assert (fit.low, fit.high) == pytest.approx((0.8 * fit.value, 1.2 * fit.value))
    assert (latency.low, latency.high) == pytest.approx((latency.value, 1.3 * latency.value))
    assert one["model, MB"]["cnn"].low == one["model, MB"]["cnn"].high
    spent = reports.load(three_seeds).searches.query("dataset == 'digits' and variant == 'cnn'")["spent_seconds"]
    search = several["search, s"]["cnn"]
    assert (search.low, search.value, search.high) == pytest.approx((spent.min(), spent.mean(), spent.max()))


def test_images_that_all_models_get_wrong_are_hard_where_they_are_many(one_seed, make_run):
    disagreements = next(e for e in EXHIBITS if e.name == "disagreements")
    hard = make_run(classes={"digits": ["0", "1"]}, tests=400, trials=2, failures=False)
    run = reports.load(hard)
    y = run.test("digits").y
    for share, kind in ((0.0075, "nobody"), (0.05, "hard")):
        guess = np.where(np.arange(400) < share * 400, 1 - y, y)
        for path in hard.glob("cells/digits/*/standard/seed-0/predictions.npz"):
            np.savez(path, proba=np.eye(2, dtype=np.float32)[guess])
        frame = disagreements.table(reports.load(hard), "digits")
        assert set(frame["right"]) == {kind}
        assert ("wrong label?" in disagreements.describe(frame)) == (kind == "nobody")


def test_mistakes_stand_beside_what_is_most_like_them_and_a_fit_that_is_gone_is_not_shown(make_run):
    alike = next(e for e in EXHIBITS if e.name == "alike")
    folder = make_run(failures=False, trials=2)
    run = reports.load(folder)
    frame, y = alike.table(run, "digits"), run.test("digits").y
    proba = run.predictions("digits", "cnn", 0)
    guess = proba.argmax(1)
    assert set(frame["variant"]) == {"cnn"} and frame["confidence"].is_monotonic_decreasing
    names = run.classes("digits")
    for row in frame.itertuples():
        assert (row.true, row.predicted) == (names[y[row.row]], names[guess[row.row]]) and guess[row.row] != y[row.row]
        assert row.true_images.shape == row.predicted_images.shape == (3, 12, 12)
        assert (row.nearer == "the answer") == (row.distance_to_predicted < row.distance_to_true)
    nearer = int((frame["nearer"] == "the answer").sum())
    assert alike.note(frame).startswith(f"{nearer} of these {len(frame)} images" if nearer else "")
    with Ledger(folder) as ledger:
        (fit,) = ledger.rows("fits", dataset="digits", variant="cnn", seed=0)
        ledger.write("fits", fit | {"key": "another"})
        evaluation = ledger.rows("evaluations", dataset="digits", variant="cnn", seed=0)[0]
        ledger.write("evaluations", evaluation | {"fit_key": "another"})
    assert alike.table(reports.load(folder), "digits").empty


def test_where_one_setting_was_tried_there_is_no_search_to_show(one_seed):
    run = reports.load(one_seed)
    unsearched = dataclasses.replace(run, trials=run.trials[run.trials["number"] == run.trials["number"].min()])
    for exhibit in (NAMED["rounds"], NAMED["progress"]):
        assert not exhibit.table(run, "digits").empty
        assert exhibit.table(unsearched, "digits").empty


def test_data_sets_of_the_same_images_count_once_in_ranks(make_run):
    (ranks,) = ACROSS
    names = ["0", "1"]
    folder = make_run(classes={"one": names, "two": names, "three": names}, tests=60, trials=2, failures=False)
    assert same_images(reports.load(folder)) == [["one"], ["two"], ["three"]]
    with np.load(folder / "data/one/test.npz") as stored:
        X = stored["X"]
    with np.load(folder / "data/three/test.npz") as stored:
        own, y = stored["X"], stored["y"]
    np.savez(folder / "data/three/test.npz", X=np.concatenate([X[:1], own[1:]]), y=y)
    run = reports.load(folder)
    assert same_images(run) == [["one", "three"], ["two"]]
    frame = ranks.table(run)
    assert set(frame["datasets"]) == {2} and set(frame["left_out"]) == {"Three"}
    assert "is those of another" not in ranks.note(frame) and "Three" in ranks.note(frame)


def test_the_families_disagree_where_one_is_right_and_the_other_wrong(three_seeds):
    run = reports.load(three_seeds)
    frame = next(e for e in EXHIBITS if e.name == "disagreements").table(run, "digits")
    y = run.test("digits").y
    families = run.families
    for kind, rows in frame.groupby("right"):
        assert rows["confidence"].is_monotonic_decreasing and len(rows) <= 10
        for row in rows["row"]:
            right = {
                family: {
                    run.mean_probabilities("digits", n)[row].argmax() == y[row]
                    for n in families
                    if families[n] == family
                }
                for family in ("classical", "deep")
            }
            assert right == {
                "only deep": {"classical": {False}, "deep": {True}}, "only classical": {"classical": {True}, "deep": {False}},
                "nobody": {"classical": {False}, "deep": {False}}, "hard": {"classical": {False}, "deep": {False}},
            }[kind]  # fmt: skip


def test_a_mix_is_the_mean_of_its_members_and_costs_their_sum(one_seed):
    run = reports.load(one_seed)
    frame = next(e for e in EXHIBITS if e.name == "ensembles").table(run, "digits").set_index("mix")
    both = frame.loc["best of each family"]
    members = both["members"].split(", ")
    assert [run.families[name] for name in members] == ["classical", "deep"]
    mean = sum(run.predictions("digits", name, 0).astype(float) for name in members)
    assert both["accuracy"] == pytest.approx((mean.argmax(1) == run.test("digits").y).mean())
    cells = run.cells.query("dataset == 'digits'").set_index("variant")
    assert both["latency_ms"] == pytest.approx(cells.loc[members, "latency_ms"].sum(), abs=1e-3)
    assert set(frame["than"]) == {"cnn"}


def test_the_cost_ledger_adds_up(run_folder):
    run = reports.load(run_folder)
    frame = next(e for e in EXHIBITS if e.name == "spending").table(run, "digits")
    assert frame["search_seconds"].to_numpy() == pytest.approx(
        (frame["trial_seconds"] + frame["proposer_seconds"]).to_numpy()
    )
    parts = frame[["search_seconds", "import_seconds", "fit_seconds", "predict_seconds", "other_seconds"]].sum(axis=1)
    assert frame["total_seconds"].to_numpy() == pytest.approx(parts.to_numpy())
    assert frame["total_seconds"].iloc[-1] == pytest.approx(frame["total_seconds"].iloc[:-1].sum())
    assert frame["variant"].iloc[-1] == "in all"


def test_stretching_halves_errors_in_equal_steps():
    steps = np.diff(style.stretch([0.9, 0.95, 0.975, 0.9875]))
    assert steps == pytest.approx([steps[0]] * 3)
    assert np.isfinite(style.stretch([0.0, 1.0])).all()


def test_labels_keep_their_numbers_and_colours_in_the_page():
    with_label = style.figure(2, 2)
    with_label.text(0.1, 0.5, f'0.123456 {style.INK} id="a"')
    drawing = style.inline(style.sketch(with_label, "n", 'a "quoted" title'))
    assert f"0.123456 {style.INK} id=" in drawing
    assert "a &quot;quoted&quot; title" in drawing


def facts(run):
    return dict(next(e for e in EXHIBITS if e.name == "passport").frame(run, "digits").to_numpy().tolist())


def test_the_passport_names_duplicates_and_says_what_known_images_do_to_the_score(run_folder):
    run = reports.load(run_folder)
    leader = scores(run, "digits")["variant"].iloc[0]
    right = run.correct("digits", leader)
    known = np.flatnonzero(right[0])[:40].tolist()  # Those that the leader labels rightly: without them it looks worse.
    near = {"within_train": 7, "within_test": 0, "across": 38, "conflicting_labels": 5}
    pairs = {
        "equal": [["a.png", "0", "b.png", "0"]],
        "across": [["a.png", "0", "t.png", "0"]],
        "conflicting": [],
        "near_conflicting": [["c.png", "0", f"{i}.png", "8"] for i in range(5)],
    }
    groups = {"by": "near", "train": 1234}
    run.passports["digits"] = run.passports["digits"] | {
            "near_duplicates": near, "pairs": pairs, "groups": groups, "known": known,
        }  # fmt: skip
    told = facts(run)
    assert told["duplicates within the training images"] == "3: a.png and b.png"
    assert told["test images that are also training images"].endswith(": a.png and t.png")
    assert told["near duplicates with different labels"] == (
        "5: c.png (0) and 0.png (8); c.png (0) and 1.png (8); c.png (0) and 2.png (8); …"
    )
    assert told["images that stay together"] == "near: 1,234 groups for training"
    without = np.delete(right, known, axis=1).mean()
    assert without < right.mean()
    effect = told[f"accuracy of {leader} without test images that are training images, or nearly"]
    count = right.shape[1]
    assert effect == f"{100 * without:.2f} % of the other {count - 40}, {100 * right.mean():.2f} % of all {count}"


def test_the_passport_says_where_near_duplicates_mean_nothing(run_folder):
    run = reports.load(run_folder)
    assert not [fact for fact in facts(run) if "near" in fact]  # as older runs are, which did not look for them
    run.passports["digits"] = run.passports["digits"] | {
        "near_duplicates": None,
        "pairs": {"equal": [], "conflicting": []},
    }
    assert facts(run)["near duplicates"].startswith("not counted")
