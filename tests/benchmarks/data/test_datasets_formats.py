import csv
import gzip
import io
import os
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from benchmarks.data import datasets
from benchmarks.data.formats import description, folder, idx, image_file, kaggle_csv
from benchmarks.data.formats.arrays import images_of
from benchmarks.errors import UserError

one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}


def idx_bytes(array):
    head = struct.pack(f">HBB{array.ndim}I", 0, CODES[array.dtype.name], array.ndim, *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


# idx


@one_folder
@given(hnp.arrays(st.sampled_from([np.dtype(c) for c in CODES]), hnp.array_shapes(max_dims=4)), st.booleans())
def test_idx_reads_back_what_was_written(tmp_path, array, packed):
    data = idx_bytes(array)
    (tmp_path / "a").write_bytes(gzip.compress(data) if packed else data)
    found = idx.read(tmp_path / "a")
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


@one_folder
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=3, max_dims=3)), st.data())
def test_idx_of_any_other_length_is_refused_by_name(tmp_path, array, data):
    whole = idx_bytes(array)
    cut = data.draw(st.integers(0, len(whole) - 1))
    for wrong in (whole[:cut], whole + b"x"):
        (tmp_path / "a").write_bytes(wrong)
        with pytest.raises(UserError, match=str(tmp_path / "a")):
            idx.read(tmp_path / "a")


@one_folder
@given(st.binary(max_size=200))
def test_idx_of_any_bytes_is_an_array_or_a_user_error(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    try:
        assert isinstance(idx.read(tmp_path / "a"), np.ndarray)
    except UserError as error:
        assert "\n" not in str(error)


def test_idx_tells_what_is_wrong(tmp_path):
    file = tmp_path / "train"
    images = idx_bytes(np.zeros((3, 4, 4), np.uint8))
    for data, words in [
        (b"\x89PNG0000", "not an idx file: it starts with 89 50 4e 47"),
        (images[:-5], "has 59 bytes .* announces 3 × 4 × 4 values, so 64 bytes: it was cut off"),
        (images[:9], "ends within its header, after 9 of 16 bytes"),
        (gzip.compress(images)[:-12], "damaged or was cut off"),
        (b"", "starts with nothing"),
    ]:
        file.write_bytes(data)
        with pytest.raises(UserError, match=words):
            idx.read(file)


def test_idx_labels_must_be_as_many_as_images(tmp_path):
    (tmp_path / "images").write_bytes(idx_bytes(np.zeros((3, 4, 4), np.uint8)))
    (tmp_path / "labels").write_bytes(idx_bytes(np.zeros(2, np.uint8)))
    with pytest.raises(UserError, match=r"has 3 images, but .* has 2 labels"):
        idx.read_labelled(tmp_path / "images", tmp_path / "labels")


def write_idx_set(where, prefix="", test="t10k", gz=""):
    rng = np.random.default_rng(0)
    for part, n in (("train", 20), (test, 10)):
        for name, array in (
            ("images-idx3-ubyte", rng.integers(0, 256, (n, 4, 5), np.uint8)),
            ("labels-idx1-ubyte", np.arange(n, dtype=np.uint8) % 2),
        ):
            data = idx_bytes(array)
            (where / f"{prefix}{part}-{name}{gz}").write_bytes(gzip.compress(data) if gz else data)


def test_a_folder_of_idx_files_is_a_data_set(tmp_path):
    write_idx_set(tmp_path, "emnist-", "test", ".gz")
    data = datasets.load(tmp_path)
    assert (data.name, data.train.X.shape, len(data.test), data.classes) == (
        tmp_path.name, (20, 4, 5, 1), 10, ("0", "1"),
    )  # fmt: skip
    by_file = datasets.load(tmp_path / "emnist-train-images-idx3-ubyte.gz")
    assert (by_file.name, by_file.fingerprint) == ("emnist", data.fingerprint)


def test_idx_files_that_miss_a_part_or_hold_several_sets_are_refused(tmp_path):
    write_idx_set(tmp_path)
    write_idx_set(tmp_path, "other-")
    with pytest.raises(UserError, match="holds several sets: name one of other-train-images"):
        datasets.load(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(UserError, match="there is no t10k-labels-idx1-ubyte"):
        datasets.load(tmp_path / "train-images-idx3-ubyte")


# csv


def write_csv(path, X, labels=None, names=None):
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow([*(["label"] if labels is not None else []), *(names or [f"pixel{i}" for i in range(X.shape[1])])])
    for i, row in enumerate(X.tolist()):
        rows.writerow([*([labels[i]] if labels is not None else []), *row])
    data = out.getvalue().encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


tables = hnp.arrays(np.uint8, st.tuples(st.integers(1, 6), st.sampled_from([1, 4, 9, 12])))


@one_folder
@given(tables, st.sampled_from(["a.csv", "a.csv.gz"]))
def test_csv_reads_back_what_was_written(tmp_path, X, name):
    labels = [i % 3 for i in range(len(X))]
    part = kaggle_csv.read_labelled(write_csv(tmp_path / name, X, labels))
    np.testing.assert_array_equal(part.X.reshape(len(X), -1), X)
    assert part.labels.tolist() == labels
    np.testing.assert_array_equal(kaggle_csv.read_unlabelled(write_csv(tmp_path / name, X)), part.X)


wrong_values = st.sampled_from(["", " ", "x", "256", "-1", "1.5", "nan", "inf", "1_0", "0x10", "99999999999999999999"])


@one_folder
@given(tables, wrong_values, st.data())
def test_csv_names_line_and_column_of_a_wrong_pixel(tmp_path, X, wrong, data):
    cells = X.astype(object)
    row = data.draw(st.integers(0, len(X) - 1))
    column = data.draw(st.integers(0, X.shape[1] - 1))
    cells[row, column] = wrong
    path = write_csv(tmp_path / "a.csv", cells, [0] * len(X))
    with pytest.raises(UserError) as error:
        kaggle_csv.read_labelled(path)
    assert f"{path}, line {row + 2}, column 'pixel{column}': " in str(error.value)
    assert "\n" not in str(error.value)


@one_folder
@given(tables, st.booleans(), st.data())
def test_csv_names_the_line_of_a_ragged_row(tmp_path, X, longer, data):
    path = write_csv(tmp_path / "a.csv", X, [0] * len(X))
    lines = path.read_text().splitlines()
    row = data.draw(st.integers(1, len(X)))
    lines[row] = f"{lines[row]},7" if longer else lines[row].rpartition(",")[0]
    path.write_text("\n".join(lines))
    with pytest.raises(UserError, match=f"line {row + 1}"):
        kaggle_csv.read_labelled(path)


@one_folder
@given(st.text(alphabet="label,pixel01 9\"'\r\n\t-.x\0é;", max_size=80))
def test_csv_of_any_text_is_a_part_or_a_user_error(tmp_path, text):
    (tmp_path / "a.csv").write_text("label,pixel0\n" + text, encoding="utf-8")
    try:
        part = kaggle_csv.read_labelled(tmp_path / "a.csv")
        assert len(part.X) == len(part.labels) > 0
    except UserError as error:
        assert str(tmp_path / "a.csv") in str(error)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("digit,pixel0\n1,2\n", "line 1: there is no column 'label'; the columns are digit, pixel0"),
        ("label;pixel0\n1;2\n", "there is no column 'label'"),
        ("label,pixel0\n", "has a header but no rows"),
        ("label\n1\n", "there are no columns of pixels"),
        ("label,pixel0,pixel1,pixel3\n1,2,3,4\n", "the column 'pixel2' is missing, 'pixel3' is in its place"),
        ("label,pixel2,pixel3\n1,2,3\n", "expected 'pixel0' or 'pixel1'"),
        ("label,pixel0,pixel0\n1,2,3\n", "the column 'pixel0' appears twice"),
        ("label,pixel0\n1,2\n\n1,300\n", "line 4, column 'pixel0': 300 is not a whole number within 0 … 255"),
        ("label,pixel0\n1,2\n,3\n", "line 3, column 'label': nothing is not a whole number"),
        ("label,pixel0\n1,2\n\ncat,3\n", "line 4, column 'label': 'cat' is not a whole number"),
        ("label,pixel0\ncat,2\n1.5,3\n", "line 3, column 'label': '1.5' is not a name"),
        ("label,a,b,c,d,e\n1,2,3,4,5,6\n", "5 pixels in a row, which is no square image"),
    ],
)
def test_csv_tells_what_is_wrong(tmp_path, text, words):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=words):
        kaggle_csv.read_labelled(tmp_path / "a.csv")


def test_csv_may_have_bom_crlf_names_for_labels_and_the_label_last(tmp_path):
    (tmp_path / "a.csv").write_bytes("\ufeffpixel1,label\r\n7,cat\r\n9,dog\r\n".encode())
    part = kaggle_csv.read_labelled(tmp_path / "a.csv")
    assert part.X.ravel().tolist() == [7, 9]
    assert part.labels.tolist() == ["cat", "dog"]


def test_a_csv_is_a_data_set_with_a_test_part_set_aside(tmp_path):
    X = np.arange(40, dtype=np.uint8).reshape(10, 4)
    data = datasets.load(write_csv(tmp_path / "mine.csv", X, [7, 9] * 5))
    assert (data.name, data.classes, len(data.train), len(data.test)) == ("mine", ("7", "9"), 8, 2)
    assert "2 images, drawn by class, are the test" in data.note
    test = data.test.open()
    assert sorted(test.y.tolist()) == [0, 1]
    assert sorted([*data.train.X.reshape(8, 4).tolist(), *test.X.reshape(2, 4).tolist()]) == X.tolist()


# npz


def test_an_npz_with_the_names_of_keras_is_a_data_set(tmp_path):
    X = np.random.default_rng(0).random((6, 3, 3)).astype(np.float32)
    y = np.array([[0], [1], [2]] * 2)
    np.savez(tmp_path / "mine.npz", x_train=X, y_train=y, x_test=X[:3] / 2, y_test=y[:3])
    data = datasets.load(tmp_path / "mine.npz")
    np.testing.assert_array_equal(data.train.X[..., 0], np.rint(X * 255))
    assert (data.classes, len(data.test), data.note) == (("0", "1", "2"), 3, "")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a": np.zeros(3)}, "holds a; expected x_train, y_train, x_test, y_test"),
        ({"x": np.zeros((3, 2, 2)), "y": np.zeros(4, int)}, "x has shape .* but y has 4 labels"),
        ({"x": np.zeros((3, 2, 2)), "y": np.eye(3)}, "labels are whole numbers or names"),
        ({"x": np.full((4, 2, 2), 300), "y": np.arange(4) % 2}, "pixels from 300 to 300"),
        ({"x": np.full((4, 2, 2), np.nan), "y": np.arange(4) % 2}, "pixels from nan"),
        ({"x": np.zeros((4, 3, 8, 8), np.uint8), "y": np.arange(4) % 2}, "allowed are"),
        ({"x": np.zeros((4, 2, 2), np.uint8), "y": np.zeros(4, int)}, "Only one class"),
        ({"x": np.zeros((4, 2, 2), np.uint8), "y": np.array([0, 1, 1, 1])}, "Class 0 has 1 image"),
        ({"x": np.array([object()]), "y": np.zeros(1, int)}, "not a readable NumPy archive"),
    ],
)  # fmt: skip
def test_npz_tells_what_is_wrong(tmp_path, arrays, words):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(UserError, match=words):
        datasets.load(tmp_path / "a.npz")


def test_parts_that_do_not_agree_are_refused(tmp_path):
    X, y = np.zeros((4, 2, 2), np.uint8), np.array([0, 1, 0, 1])
    np.savez(tmp_path / "a.npz", x_train=X, y_train=y, x_test=X, y_test=y + 1)
    with pytest.raises(UserError, match="has the label 2, which is none of the classes 0, 1"):
        datasets.load(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", x_train=X, y_train=y, x_test=X[:, :1], y_test=y)
    with pytest.raises(UserError, match=r"test images have shape .1, 2, 1."):
        datasets.load(tmp_path / "b.npz")


@one_folder
@given(st.binary(max_size=100))
def test_npz_of_any_bytes_is_a_user_error(tmp_path, data):
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(UserError):
        datasets.load(tmp_path / "a.npz")


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_whole_numbers_up_to_255_are_pixels_of_any_type(tmp_path, dtype):
    X = np.arange(256, dtype=dtype).reshape(1, 16, 16)
    np.testing.assert_array_equal(images_of(X, tmp_path).ravel(), np.arange(256))


def test_flat_rows_are_squares_grey_or_rgb(tmp_path):
    assert images_of(np.zeros((2, 784), np.uint8), tmp_path).shape == (2, 28, 28, 1)
    assert images_of(np.zeros((2, 3072), np.uint8), tmp_path).shape == (2, 32, 32, 3)
    assert images_of(np.zeros((2, 6), np.uint8), tmp_path, (2, 3)).shape == (2, 2, 3, 1)


# folder


def write_images(where, classes, sizes=((8, 6),), mode="L", n=5):
    rng = np.random.default_rng(0)
    for name in classes:
        (where / name).mkdir(parents=True)
        for i in range(n):
            height, width = sizes[i % len(sizes)]
            pixels = rng.integers(0, 256, (height, width) if mode == "L" else (height, width, 3), np.uint8)
            Image.fromarray(pixels).save(where / name / f"{i}.png")


def test_a_folder_per_class_is_a_data_set(tmp_path):
    write_images(tmp_path / "pets", ["dog", "cat"])
    (tmp_path / "pets" / "cat" / ".DS_Store").write_text("")
    (tmp_path / "pets" / "cat" / "notes.txt").write_text("")
    data = datasets.load(tmp_path / "pets")
    assert (data.name, data.classes, data.train.X.shape, len(data.test)) == (
        "pets", ("cat", "dog"), (8, 8, 6, 1), 2,
    )  # fmt: skip
    with Image.open(tmp_path / "pets" / "cat" / "0.png") as image:
        assert np.asarray(image).tolist() in [*data.train.X[..., 0].tolist(), *data.test.open().X[..., 0].tolist()]


def test_images_of_other_sizes_become_as_most_are_and_the_note_tells(tmp_path):
    write_images(tmp_path, ["a", "b"], sizes=[(8, 6), (8, 6), (10, 10)], mode="RGB")
    data = datasets.load(tmp_path)
    assert data.train.X.shape[1:] == (8, 6, 3)
    assert "2 of 10 images were resized to 8 × 6 pixels" in data.note


def test_photographs_are_made_smaller(tmp_path):
    write_images(tmp_path, ["a", "b"], sizes=[(300, 600)], n=2)
    assert datasets.load(tmp_path).train.X.shape[1:] == (64, folder.LONGEST_SIDE, 1)


def test_a_folder_may_hold_train_and_test(tmp_path):
    write_images(tmp_path / "train", ["a", "b"], n=4)
    write_images(tmp_path / "test", ["a", "b"], n=2)
    write_images(tmp_path / "val", ["a", "b"], n=2)
    data = datasets.load(tmp_path)
    assert (len(data.train), len(data.test), data.note) == (8, 4, "Not used: the folders val beside train and test.")


def test_a_photograph_taken_sideways_is_turned_upright(tmp_path):
    pixels = np.zeros((8, 16), np.uint8)
    pixels[:, 8:] = 255
    exif = Image.Exif()
    exif[image_file.ORIENTATION] = 6  # to be turned clockwise: left becomes top
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif, quality=95)
    upright = image_file.load_image(tmp_path / "a.jpg", (16, 8, 1))[..., 0]
    assert upright[:8].max() < 50 < 200 < upright[8:].min()


def test_sixteen_bit_images_are_scaled_not_clipped(tmp_path):
    Image.fromarray(np.array([[0, 65535], [32768, 257]], np.uint16)).save(tmp_path / "a.png")
    assert image_file.load_image(tmp_path / "a.png", (2, 2, 1)).ravel().tolist() == [0, 255, 128, 1]


def test_a_folder_tells_what_is_wrong(tmp_path):
    with pytest.raises(UserError, match="holds no folders"):
        datasets.load(tmp_path)
    write_csv(tmp_path / "train.csv", np.zeros((2, 4), np.uint8), [0, 1])
    with pytest.raises(UserError, match=r"name a file in it, such as train\.csv"):
        datasets.load(tmp_path)
    write_images(tmp_path / "set", ["a", "b"])
    (tmp_path / "set" / "c").mkdir()
    with pytest.raises(UserError, match="set/c holds no images"):
        datasets.load(tmp_path / "set")
    (tmp_path / "set" / "c").rmdir()
    whole = (tmp_path / "set" / "a" / "1.png").read_bytes()
    for broken in (b"not an image", whole[: len(whole) // 2], b""):
        (tmp_path / "set" / "a" / "1.png").write_bytes(broken)
        with pytest.raises(UserError, match=r"a/1\.png is not a readable image"):
            datasets.load(tmp_path / "set")


# description


def describe(where, text):
    (where / "mine.toml").write_text(text, encoding="utf-8")
    return where / "mine.toml"


def test_a_description_of_idx_files(tmp_path):
    write_idx_set(tmp_path)
    path = describe(
        tmp_path,
        """
        title = "Mine"
        format = "idx"
        transpose = true
        classes = ["no", "yes"]
        licence = "CC0"
        train = {images = "train-images-idx3-ubyte", labels = "train-labels-idx1-ubyte"}
        test = {images = "t10k-images-idx3-ubyte", labels = "t10k-labels-idx1-ubyte"}
        """,
    )
    data = datasets.load(path)
    assert (data.name, data.title, data.licence, data.classes) == ("mine", "Mine", "CC0", ("no", "yes"))
    upright = idx.read(tmp_path / "train-images-idx3-ubyte").transpose(0, 2, 1)
    np.testing.assert_array_equal(data.train.X[..., 0], upright)


def test_a_description_of_csv_files_with_images_to_label(tmp_path):
    X = np.arange(60, dtype=np.uint8).reshape(10, 6)
    write_csv(tmp_path / "a.csv", X, ["x", "y"] * 5)
    write_csv(tmp_path / "b.csv", X[:3])
    path = describe(
        tmp_path,
        """
        format = "csv"
        image = [2, 3]
        test_share = 0.4
        train = {file = "a.csv"}
        unlabelled = {file = "b.csv"}
        """,
    )
    data = datasets.load(path)
    assert (data.train.X.shape, len(data.test), data.classes) == ((6, 2, 3, 1), 4, ("x", "y"))
    np.testing.assert_array_equal(data.unlabelled().reshape(3, 6), X[:3])


def test_a_description_of_a_folder_and_of_an_archive(tmp_path):
    write_images(tmp_path / "set", ["a", "b"])
    data = datasets.load(describe(tmp_path, 'format = "folder"\nimage = [4, 4, 3]\ntrain = {folder = "set"}'))
    assert data.train.X.shape == (8, 4, 4, 3)
    np.savez(tmp_path / "a.npz", x=np.zeros((10, 2, 2), np.uint8), y=np.arange(10) % 2)
    data = datasets.load(describe(tmp_path, 'format = "npz"\ntrain = {file = "a.npz"}'))
    assert len(data.train) == 8


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("format = ", "is not TOML: .*at end of document"),
        ('format = "jpeg"', "format: Input should be 'idx', 'csv', 'npz' or 'folder'"),
        ('format = "csv"', "train: Field required"),
        ('format = "csv"\nlable = "x"\ntrain = {file = "a"}', "lable: Extra inputs are not permitted"),
        ('format = "csv"\ntrain = {folder = "a"}', r"\[train\] must give file for the format csv"),
        ('format = "idx"\ntrain = {images = "a"}', r"\[train\] must give images and labels"),
        ('format = "csv"\ntrain = {file = "nowhere.csv"}', r"names .*nowhere\.csv, which is not there"),
        ('format = "csv"\ntest_share = 1.5\ntrain = {file = "a"}', "test_share: Input should be less than 1"),
        ('format = "csv"\nimage = [2, 2, 4]\ntrain = {file = "a"}', "with 1 or 3 channels"),
        ('format = "csv"\ntranspose = true\ntrain = {file = "a"}', "transpose is for the format idx alone"),
    ],
)
def test_a_description_tells_what_is_wrong(tmp_path, text, words):
    with pytest.raises(UserError, match=words) as error:
        description.recipe(describe(tmp_path, text), "mine")
    assert "\n" not in str(error.value)


def test_labels_must_be_among_the_classes_that_are_named(tmp_path):
    write_csv(tmp_path / "a.csv", np.zeros((4, 4), np.uint8), [0, 1, 2, 1])
    text = 'format = "csv"\nclasses = ["no", "yes"]\ntrain = {file = "a.csv"}'
    with pytest.raises(UserError, match="has the label 2, which is none of the classes 0, 1"):
        datasets.load(describe(tmp_path, text))
    write_csv(tmp_path / "a.csv", np.zeros((4, 4), np.uint8), [0, 0, 0, 0])
    with pytest.raises(UserError, match=r"mine: No training image of class 'yes'"):
        datasets.load(describe(tmp_path, text))


# files


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(UserError, match="There is no file"):
        idx.read(tmp_path / "absent")
    with pytest.raises(UserError, match=r"Cannot read .* readable file"):
        idx.read(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_named(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "a").chmod(0)
    with pytest.raises(UserError, match="Permission denied"):
        idx.read(tmp_path / "a")
