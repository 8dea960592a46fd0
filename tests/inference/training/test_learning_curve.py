import csv

import matplotlib.image

from inference.training.checkpoints import CurvePoint
from inference.training.learning_curve import write_learning_curve

CURVE = [CurvePoint(step, 2.0 / step, 1e-3, 3.0 / step if step % 4 == 0 else None) for step in range(1, 9)]


def test_the_learning_curve_is_a_picture_and_a_table(tmp_path):
    picture, table = write_learning_curve(tmp_path, CURVE, "a network, seed 0")
    pixels = matplotlib.image.imread(picture)
    assert pixels.shape[:2] == (450, 800)
    # Both lines are there, in their colours.
    for colour in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)):
        near = abs(pixels[..., :3] - [channel / 255 for channel in colour]).max(axis=-1) < 0.02
        assert near.sum() > 50
    with table.open(newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert [int(row["step"]) for row in rows] == list(range(1, 9))
    assert [row["validation_loss"] for row in rows][3:5] == ["0.75", "n/a"]


def test_drawing_needs_no_screen_and_no_pyplot(tmp_path):
    import sys

    before = "matplotlib.pyplot" in sys.modules
    write_learning_curve(tmp_path, CURVE[:1], "one step")
    assert ("matplotlib.pyplot" in sys.modules) == before
