import numpy as np
from hypothesis import HealthCheck, settings
from PIL import Image

from benchmarks.data.formats import image_file

one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


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
