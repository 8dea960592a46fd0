from dataclasses import replace

import numpy as np
import pytest

from inference.errors import ModelPackageError
from inference.recordings.recording import Gap
from inference.runtime.analysis import AnalysisRequest, analyze
from inference.runtime.cards import write_card
from inference.runtime.package import BODY_NAME, FRONT_END_NAME, ModelPackage, open_package
from inference.runtime.registry import SHIPPED_FOLDER
from tests.inference.runtime.patients import make_patient


@pytest.fixture(scope="module")
def package() -> ModelPackage:
    """Give the shipped spasm network, which was exported in two parts."""
    return open_package(SHIPPED_FOLDER / "iess-fusionnet")


def without_parts(package: ModelPackage) -> ModelPackage:
    files = {name: digest for name, digest in package.card.files.items() if name not in (FRONT_END_NAME, BODY_NAME)}
    return replace(package, card=replace(package.card, files=files))


def find(recording, package, workers=1):
    updates = analyze(AnalysisRequest(recording, (package,), "cpu", workers=workers), lambda: False)
    return next(update.result for update in updates if update.result)


def test_a_front_end_run_once_over_the_signal_says_what_the_whole_graph_says_of_each_window(package):
    recording = make_patient(75.0, bursts_s=(20.0, 41.5), gaps=(Gap(52.0, 1.3),))
    assert package.has_parts
    ours, theirs = find(recording, package), find(recording, without_parts(package))
    known = np.isfinite(theirs.probability)
    assert np.array_equal(np.isfinite(ours.probability), known)
    assert 0.7 < known.mean() < 0.95
    assert np.abs(ours.probability - theirs.probability)[known].max() < 1e-5
    assert [event.onset_s for event in ours.detections] == [event.onset_s for event in theirs.detections]


def test_windows_that_do_not_begin_on_frames_are_shown_to_the_whole_graph(package):
    inputs = replace(package.card.inputs, hop_s=5 / 256 * 100)
    odd = replace(package, card=replace(package.card, inputs=inputs))
    result = find(make_patient(20.0), odd)
    assert np.isfinite(result.probability).sum() > 5


def copy_package(package, folder):
    for path in package.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_an_altered_part_is_refused(package, tmp_path):
    folder = copy_package(package, tmp_path)
    content = bytearray((folder / BODY_NAME).read_bytes())
    content[1000] ^= 1
    (folder / BODY_NAME).write_bytes(content)
    with pytest.raises(ModelPackageError, match=r"body\.onnx is not the file that its card describes"):
        open_package(folder)


def test_half_a_network_is_refused(package, tmp_path):
    folder = copy_package(package, tmp_path)
    files = dict(package.card.files)
    del files[BODY_NAME]
    write_card(folder, replace(package.card, files=files))
    with pytest.raises(ModelPackageError, match="names only one"):
        open_package(folder)


def test_parts_that_do_not_belong_together_are_refused(package, tmp_path):
    folder = copy_package(package, tmp_path)
    files = {**package.card.files, FRONT_END_NAME: package.card.files[BODY_NAME]}
    (folder / FRONT_END_NAME).write_bytes((folder / BODY_NAME).read_bytes())
    write_card(folder, replace(package.card, files=files))
    with pytest.raises(ModelPackageError, match=r"takes features_0, features_1, which nothing gives"):
        open_package(folder)


def test_packages_without_parts_still_run(package, tmp_path):
    folder = copy_package(package, tmp_path)
    write_card(folder, without_parts(package).card)
    (folder / BODY_NAME).unlink()
    (folder / FRONT_END_NAME).unlink()
    opened = open_package(folder)
    assert not opened.has_parts
    assert np.isfinite(find(make_patient(12.0), opened).probability).any()
