import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from benchmarks.data import datasets, progress
from benchmarks.data.formats import folder
from benchmarks.data.reading import Reading
from benchmarks.errors import UserError
from tests.benchmarks.data.formats.writing import write_csv, write_images

one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


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
    assert "2 of 10 images were resized to 8 × 6 pixels, stretched." in data.note


def test_photographs_are_made_smaller(tmp_path):
    write_images(tmp_path, ["a", "b"], sizes=[(300, 600)], n=2)
    assert datasets.load(tmp_path).train.X.shape[1:] == (folder.LONGEST_SIDE // 2, folder.LONGEST_SIDE, 1)


def test_a_folder_may_hold_train_and_test(tmp_path):
    write_images(tmp_path / "train", ["a", "b"], n=4)
    write_images(tmp_path / "test", ["a", "b"], n=2)
    write_images(tmp_path / "val", ["a", "b"], n=2)
    data = datasets.load(tmp_path)
    assert (len(data.train), len(data.test), data.note) == (8, 4, "Not used: the folder val beside train and test.")


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
        data = datasets.load(tmp_path / "set")
        assert "1 of 10 image files cannot be read and is left out: a/1.png. " in data.note
        assert len(data.train) + len(data.test) == 9
    (tmp_path / "set" / "b" / "1.png").write_bytes(b"")
    with pytest.raises(
        UserError, match=r"2 of 10 image files cannot be read, more than 10%: a/1\.png, b/1\.png\. The first: "
    ):
        datasets.load(tmp_path / "set")


def test_a_class_of_which_nothing_can_be_read_is_not_lost_in_silence(tmp_path):
    write_images(tmp_path, ["a", "b"], n=9)
    (tmp_path / "c").mkdir()
    for broken in (b"", b"\x89PNG\r\n\x1a\n"):
        (tmp_path / "c" / "0.png").write_bytes(broken)
        with pytest.raises(UserError, match=r"No image of class 'c' can be read\. The first: .*c/0\.png"):
            datasets.load(tmp_path)


def test_pictures_of_kinds_that_are_not_read_count_as_broken(tmp_path):
    write_images(tmp_path / "set", ["a", "b"])
    (tmp_path / "set" / "a" / "1.png").rename(tmp_path / "set" / "a" / "1.HEIC")
    note = datasets.load(tmp_path / "set").note
    assert "1 of 10 image files cannot be read and is left out: a/1.HEIC. " in note
    assert "a/1.HEIC is of a kind that is not read: save it as PNG or JPEG" in note
    (tmp_path / "set" / "b" / "drawing.svg").write_text("")
    with pytest.raises(
        UserError, match=r"2 of 11 image files cannot be read, more than 10%: a/1\.HEIC, b/drawing\.svg"
    ):
        datasets.load(tmp_path / "set")


def test_other_files_are_told_in_one_note_but_for_what_systems_leave_there(tmp_path):
    write_images(tmp_path / "set", ["a", "b"])
    for name in (".hidden", "Thumbs.db", "b/desktop.ini", "b/.x.png", "a/0001"):
        (tmp_path / "set" / name).write_text("")
    assert "Another file is not read: a/0001. There" in datasets.load(tmp_path / "set").note
    for name in ("a/0002", "b/0003", "about.json"):
        (tmp_path / "set" / name).write_text("")
    assert "4 other files are not read, such as about.json and a/0001. There" in datasets.load(tmp_path / "set").note
    (tmp_path / "set" / "split.csv").write_text(LIST)
    assert "4 other files are not read, such as about.json and a/0001." in datasets.load(tmp_path / "set").note


def test_a_table_of_labels_with_another_name_is_told_the_right_one(tmp_path):
    write_images(tmp_path / "set", ["a", "b"])
    (tmp_path / "set" / "labels.csv").write_text("filename,label\na/0.png,x\n")
    assert "read where it is called split.csv: rename labels.csv." in datasets.load(tmp_path / "set").note


def test_images_may_lie_in_folders_below_their_class(tmp_path):
    write_images(tmp_path / "a", ["anna", "ben"])
    write_images(tmp_path / "b", ["anna", ".hidden"])
    data = datasets.load(tmp_path)
    assert data.classes == ("a", "b") and len(data.train) + len(data.test) == 15
    assert all(name.split("/")[1] in ("anna", "ben") for names in data.files() for name in names)


def test_the_files_come_in_the_order_of_the_images(tmp_path):
    write_images(tmp_path / "set", ["a", "b"])
    data = datasets.load(tmp_path / "set")
    for names, X in zip(data.files(), (data.train.X, data.test.images()), strict=True):
        for name, image in zip(names, X, strict=True):
            with Image.open(tmp_path / "set" / name) as file:
                assert np.asarray(file).tolist() == image[..., 0].tolist()


def test_images_that_are_grey_in_files_of_colours_are_read_as_grey(tmp_path):
    write_images(tmp_path / "set", ["a", "b"])
    for file in (tmp_path / "set").rglob("*.png"):
        with Image.open(file) as image:
            image.convert("RGB").save(file)
    assert datasets.load(tmp_path / "set").train.X.shape[1:] == (8, 6, 1)
    Image.new("RGB", (6, 8), (10, 10, 11)).save(tmp_path / "set" / "b" / "last.png")
    assert datasets.load(tmp_path / "set").train.X.shape[1:] == (8, 6, 3)


def test_the_training_part_decides_alone_whether_all_are_grey(tmp_path):
    write_images(tmp_path / "set" / "train", ["a", "b"])
    write_images(tmp_path / "set" / "test", ["a", "b"], mode="RGB")
    data = datasets.load(tmp_path / "set")
    assert data.train.X.shape[3] == data.test.images().shape[3] == 1


@pytest.mark.parametrize("names", [("train", "test"), ("Training", "Testing"), ("train", "val"), ("train",)])
def test_parts_are_known_by_their_usual_names(tmp_path, names):
    for name in names:
        write_images(tmp_path / "set" / name, ["a", "b"])
    data = datasets.load(tmp_path / "set")
    assert data.classes == ("a", "b") and len(data.train) + len(data.test) == 10 * len(names)
    assert ("the images in val are the test" in data.note) == ("val" in names)
    assert ("no test part of its own" in data.note) == (len(names) == 1)


LIST = """file,split,writer
a/0.png,train,anna
a/1.png,test,ben
a/2.png,train,carl
a/3.png,val,anna
b/0.png,train,anna
b/1.png,train,carl
b/2.png,test,ben
b/9.png,test,ben
"""


def listed(tmp_path, text=LIST):
    write_images(tmp_path / "set", ["a", "b"])
    (tmp_path / "set" / "split.csv").write_text(text, encoding="utf-8")
    return tmp_path / "set"


def test_a_list_says_which_file_is_in_which_part(tmp_path):
    data = datasets.load(listed(tmp_path))
    assert data.files() == (["a/0.png", "a/2.png", "b/0.png", "b/1.png"], ["a/1.png", "b/2.png"])
    assert "1 of 7 image files cannot be read and is left out: b/9.png. " in data.note
    assert "Not used: 1 files of the split val. Not used: 3 image files that split.csv does not list." in data.note
    grouped = datasets.load(tmp_path / "set", reading=Reading(groups="column:writer"))
    assert grouped.train.groups.tolist() == [0, 2, 0, 2]
    assert "2 in the training part, 1 in the test" in grouped.note


def test_a_list_may_name_classes_and_leave_the_parts_open(tmp_path):
    lines = ["file,label", *(f"{name}/{i}.png,{'odd' if i % 2 else 'even'}" for name in "ab" for i in range(5))]
    data = datasets.load(listed(tmp_path, "\ufeff" + "\r\n".join(lines)))
    assert data.classes == ("even", "odd") and len(data.train) + len(data.test) == 10


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("path,split\na/0.png,train\n", r"line 1: There is no column 'file': rename 'path' to 'file'\."),
        ("File,Split\na/0.png,train\n", r"line 1: There is no column 'file': rename 'File' to 'file'\."),
        ("file,lable\na/0.png,x\n", r"line 1: There is no column 'label': rename 'lable' to 'label', or to something"),
        ("file, class\na/0.png,x\n", r"line 1: There is no column 'label': rename 'class' to 'label', or to something"),
        (
            "file, spilt, writer\na/0.png,train,x\n",
            r"There is no column 'split': rename 'spilt' to 'split', or to some",
        ),
        ("file;split\na/0.png;train\n", r"line 1: the columns are separated by semicolons, and commas are needed"),
        ("file\tsplit\na/0.png\ttrain\n", r"line 1: the columns are separated by tabs, and commas are needed"),
        ("file,label\na/0.png,\n", r"line 2, column 'label': nothing"),
        ("file\na\\0.png\n", r"line 2: 'a.+0\.png': write / between folders"),
        (LIST + "b/3.png,tset,ben\n", r"line 10: There is no split 'tset'\. Did you mean 'test'"),
        (LIST + "a/0.png,train,ben\n", r"line 10: a/0\.png is listed a second time"),
        (LIST + "../b/0.png,train,ben\n", r"line 10: '\.\./b/0\.png' is no path of a file below the folder"),
        (LIST + "/etc/0.png,train,ben\n", r"line 10: '/etc/0\.png' is no path of a file below"),
        (LIST + "0.png,train,ben\n", r"line 10: 0\.png has no label"),
        (LIST + ",train,ben\n", r"line 10: '' is no path"),
        (LIST + "b/3.png\n", r"line 10: There is no split ''"),
        (LIST.replace(",test", ",val"), r"lists 4 files of the split train, and 0 of test"),
        ('file\n"a/0.png\n', r"split\.csv, line 1: unexpected end of data"),
        ("", r"line 1: There is no column 'file'"),
        (
            "file,split\na/0.png,train\nb/9.png,train\nb/8.png,test\na/1.png,test\n",
            r"2 of 4 image files cannot be read",
        ),
    ],
)
def test_a_list_that_cannot_be_is_refused_with_its_line(tmp_path, text, words):
    with pytest.raises(UserError, match=words) as error:
        datasets.load(listed(tmp_path, text))
    assert "\n" not in str(error.value)


def test_a_list_may_have_spaces_around_its_columns_and_groups_that_are_called_nearly_as_labels_are(tmp_path):
    text = "file, split, labels\n" + "".join(
        f"{c}/{i}.png, {'test' if i > 3 else 'train'}, g{i}\n" for c in "ab" for i in range(5)
    )
    data = datasets.load(listed(tmp_path, text), reading=Reading(groups="column:labels"))
    assert (len(data.train), len(data.test), data.classes) == (8, 2, ("a", "b"))
    with pytest.raises(UserError, match="rename 'labels' to 'label'"):
        datasets.load(tmp_path / "set")


def test_labels_that_are_whole_numbers_with_a_point_are_these_numbers(tmp_path):
    lines = ["file,label", *(f"{name}/{i}.png,{i % 2}.0" for name in "ab" for i in range(5))]
    assert datasets.load(listed(tmp_path, "\n".join(lines))).classes == ("0", "1")


def test_a_list_in_another_encoding_says_which_is_needed(tmp_path):
    write_images(tmp_path / "set", ["a", "b"])
    (tmp_path / "set" / "split.csv").write_text(LIST, encoding="utf-16")
    with pytest.raises(UserError, match="is not UTF-8 text, but UTF-16: save it as CSV UTF-8"):
        datasets.load(tmp_path / "set")


def test_a_list_whose_files_are_called_otherwise_names_the_nearest(tmp_path):
    with pytest.raises(UserError, match=r"There is no file .*/a/0\.PNG\. Did you mean '0\.png'\?"):
        datasets.load(listed(tmp_path, LIST.replace(".png", ".PNG")))
    (tmp_path / "set" / "split.csv").write_text(LIST.replace("a/1.png", "a/1.jpg"))
    with pytest.raises(UserError, match=r"a/1\.jpg, b/9\.png\. The first: There is no file .*1\.png'\?"):
        datasets.load(tmp_path / "set")


def test_classes_that_lie_one_folder_deeper_are_told(tmp_path):
    write_images(tmp_path / "set" / "photos", ["cat", "dog"])
    with pytest.raises(
        UserError, match=r"Only one class, 'photos'.*folders cat, dog are the classes, give .*/photos inst"
    ):
        datasets.load(tmp_path / "set")


def test_a_class_of_the_test_that_training_lacks_is_told_with_its_file_and_the_nearest(tmp_path):
    write_images(tmp_path / "set" / "train", ["cat", "dog"])
    write_images(tmp_path / "set" / "test", ["cat", "dgo"])
    with pytest.raises(UserError, match=r"/test/dgo/0\.png has the label 'dgo'.*'cat', 'dog'\. Did you mean 'dog'\?"):
        datasets.load(tmp_path / "set")


def test_a_group_that_is_missing_or_misspelt_is_named(tmp_path):
    folder = listed(tmp_path, LIST + "b/3.png,train,\n")
    for column, words in (
        ("writer", "line 10, column 'writer': nothing"),
        ("writr", "no column 'writr'. Did you mean 'writer'"),
    ):
        with pytest.raises(UserError, match=words):
            datasets.load(folder, reading=Reading(groups=f"column:{column}"))


def test_the_note_says_once_what_became_of_the_proportions(tmp_path):
    write_images(tmp_path / "a", ["x", "y"], sizes=[(8, 6)] * 3 + [(16, 12), (10, 10)])
    assert "4 of 10 images were resized to 8 × 6 pixels, 2 of them stretched." in datasets.load(tmp_path / "a").note
    write_images(tmp_path / "b", ["x", "y"], sizes=[(900, 1200)], n=2)
    assert "4 of 4 images were resized to 48 × 64 pixels, in proportion." in datasets.load(tmp_path / "b").note


def test_many_files_are_read_with_little_memory_and_word_of_how_far_it_is(tmp_path, monkeypatch):
    write_images(tmp_path / "set", ["a", "b"], sizes=[(64, 64)], mode="RGB", n=150)
    monkeypatch.setattr(progress, "EVERY", 0.0)
    told = []
    found = folder.find(tmp_path / "set", Reading())
    folder.read_train_and_test(found)  # Pillow and its threads are there.
    tracemalloc.start()
    train, *_ = folder.read_train_and_test(found, told=told.append)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < train.X.nbytes / 2
    assert told[0].startswith("Looking at set: 1 of 300 files, about ")
    assert told[-1] == "Reading set: 300 of 300 files, about 0 s left"


def test_nothing_is_left_in_the_cache_but_the_data_set(tmp_path, cache):
    write_images(tmp_path / "set", ["a", "b"])
    data = datasets.load(tmp_path / "set")
    assert [path for path in cache.rglob("*") if path.is_file() and path.parent != data.folder] == []
