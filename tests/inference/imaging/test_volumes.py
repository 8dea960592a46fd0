import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from inference.errors import ImagingError
from inference.imaging.bids import find_bold
from inference.imaging.volumes import open_volumes
from tests.inference.imaging.images import write_run, write_sidecar


def refusal(path: Path, cache: Path) -> str:
    with pytest.raises(ImagingError) as caught:
        open_volumes(path, cache_folder=cache)
    sentence = str(caught.value)
    assert sentence.startswith(str(path)) and sentence.endswith(".") and "\n" not in sentence
    return sentence


@pytest.mark.parametrize("name", ["run.nii", "run.nii.gz"])
def test_every_volume_reads_as_nibabel_reads_it(tmp_path, name):
    expected = write_run(tmp_path / name)
    volumes = open_volumes(tmp_path / name, cache_folder=tmp_path / "cache")
    assert (volumes.grid, volumes.n_volumes, volumes.tr_s, volumes.problems) == ((6, 5, 4), 12, 2.0, ())
    for index in range(12):
        assert np.array_equal(volumes.volume(index), expected[..., index])
    with pytest.raises(IndexError):
        volumes.volume(12)


def test_slope_and_intercept_are_applied(tmp_path):
    expected = write_run(tmp_path / "run.nii", np.random.default_rng(1).normal(80, 5, (4, 4, 3, 5)))
    image = bytearray((tmp_path / "run.nii").read_bytes())
    image[112:120] = np.array([0.5, -3.0], dtype="<f4").tobytes()
    (tmp_path / "run.nii").write_bytes(image)
    assert np.allclose(open_volumes(tmp_path / "run.nii").volume(2), expected[..., 2] * 0.5 - 3)


def test_a_compressed_run_is_unpacked_once_where_only_its_user_can_read_it(tmp_path):
    write_run(tmp_path / "run.nii.gz")
    first = open_volumes(tmp_path / "run.nii.gz", cache_folder=tmp_path / "cache")
    written = first.voxels_path.stat()
    second = open_volumes(tmp_path / "run.nii.gz", cache_folder=tmp_path / "cache")
    assert second.voxels_path == first.voxels_path
    assert second.voxels_path.stat().st_ino == written.st_ino
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [first.voxels_path.name]
    if sys.platform != "win32":
        assert written.st_mode & 0o077 == 0


def test_real_runs_open_with_the_grid_tr_and_values_that_nibabel_gives(test_data, tmp_path):
    nibabel = pytest.importorskip("nibabel")
    expected = {
        "bids_rest_5mm/sub-001/func/sub-001_task-rest_bold.nii.gz": 2.52,
        "haxby_25mm/BOLD/task001_run001/bold_25mm.nii.gz": 2.5,
        "functional.nii": 2.0,
        "example4d.nii.gz": 2.0,
    }
    for name, tr_s in expected.items():
        volumes = open_volumes(test_data / "mri" / name, cache_folder=tmp_path)
        image = nibabel.load(test_data / "mri" / name)
        assert (*volumes.grid, volumes.n_volumes) == image.shape
        assert volumes.tr_s == pytest.approx(tr_s)
        assert np.allclose(volumes.affine, image.affine)
        last = np.asarray(image.dataobj[..., -1], dtype=np.float32)
        assert np.allclose(volumes.volume(volumes.n_volumes - 1), last, rtol=1e-6)


def test_a_tr_of_2000_is_taken_as_milliseconds_and_said_so(test_data, tmp_path):
    volumes = open_volumes(test_data / "mri" / "example4d.nii.gz", cache_folder=tmp_path)
    assert volumes.problems == ("The header gives a TR of 2000 s; milliseconds are meant: 2 s is used.",)


@pytest.mark.parametrize(
    ("tr", "unit", "sidecar", "tr_s", "words"),
    [
        (2100, "msec", {}, 2.1, None),
        (2.1e6, "usec", {}, 2.1, None),
        (2.1, "unknown", {}, 2.1, "seconds are taken"),
        (2.1, "msec", {}, 2.1, "seconds are meant"),
        (2.5, "sec", {"RepetitionTime": 2.1}, 2.1, "the sidecar's is used"),
        (2.1, "sec", {"RepetitionTime": 2100}, 2.1, "milliseconds are meant"),
        (0, "sec", {"RepetitionTime": 0.8}, 0.8, None),
        (0, "sec", {"VolumeTiming": [0, 3, 6, 9]}, 3.0, None),
        (0, "sec", {"VolumeTiming": [0, 3, 6, 9.5]}, 3.0, "evenly"),
        (0, "sec", {}, None, "repetition time"),
        (1, "unknown", {}, None, "repetition time"),
        (float("nan"), "sec", {"RepetitionTime": "soon"}, None, "repetition time"),
    ],
)
def test_the_tr_comes_from_header_or_sidecar_in_whatever_unit(tmp_path, tr, unit, sidecar, tr_s, words):
    write_run(tmp_path / "run.nii", tr=tr, unit=unit)
    write_sidecar(tmp_path / "run.json", **sidecar)
    volumes = open_volumes(tmp_path / "run.nii")
    assert volumes.tr_s == (None if tr_s is None else pytest.approx(tr_s))
    assert words is None or words in " ".join(volumes.problems)
    assert words is not None or volumes.problems == ()


def test_a_sidecar_at_the_top_of_the_data_set_counts_and_a_nearer_one_goes_before_it(tmp_path):
    func = tmp_path / "sub-01" / "func"
    func.mkdir(parents=True)
    (tmp_path / "dataset_description.json").write_text("{}")
    write_sidecar(tmp_path / "task-rest_bold.json", RepetitionTime=2.5, EchoTime=0.03)
    write_sidecar(tmp_path / "task-sleep_bold.json", RepetitionTime=9.0)
    write_sidecar(func / "sub-01_task-rest_bold.json", RepetitionTime=2.0)
    write_run(func / "sub-01_task-rest_bold.nii")
    volumes = open_volumes(func / "sub-01_task-rest_bold.nii")
    assert volumes.sidecar == {"RepetitionTime": 2.0, "EchoTime": 0.03}
    (func / "sub-01_task-rest_bold.json").write_text("{ broken")
    volumes = open_volumes(func / "sub-01_task-rest_bold.nii")
    assert volumes.tr_s == 2.5
    assert "sub-01_task-rest_bold.json cannot be read" in volumes.problems[0]


def test_the_fmri_of_an_eeg_recording_is_found_in_bids_and_beside_it(tmp_path):
    for folder in ("eeg", "func"):
        (tmp_path / "sub-01" / folder).mkdir(parents=True)
    func = tmp_path / "sub-01" / "func"
    for name in ("task-rest_run-1", "task-sleep_run-1", "task-sleep_run-2"):
        write_run(func / f"sub-01_{name}_bold.nii.gz")
    write_run(func / "sub-01_task-sleep_run-2_sbref.nii.gz")
    eeg = tmp_path / "sub-01" / "eeg" / "sub-01_task-sleep_run-2_eeg.vhdr"
    assert find_bold(eeg) == (func / "sub-01_task-sleep_run-2_bold.nii.gz",)
    assert len(find_bold(eeg.with_name("sub-01_task-sleep_eeg.vhdr"))) == 2
    assert find_bold(eeg.with_name("sub-02_task-sleep_eeg.vhdr")) == ()
    write_run(tmp_path / "night_bold.nii")
    write_run(tmp_path / "nightmare.nii")
    assert find_bold(tmp_path / "night.edf") == (tmp_path / "night_bold.nii",)


def test_of_one_run_the_image_in_mni_space_goes_before_the_raw_one(tmp_path):
    (tmp_path / "dataset_description.json").write_text("{}")
    eeg = tmp_path / "sub-01" / "ses-2" / "eeg" / "sub-01_ses-2_task-sleep_eeg.edf"
    func = tmp_path / "sub-01" / "ses-2" / "func"
    derived = tmp_path / "derivatives" / "fmriprep" / "sub-01" / "ses-2" / "func"
    for folder in (func, derived):
        folder.mkdir(parents=True)
    stem = "sub-01_ses-2_task-sleep"
    write_run(func / f"{stem}_bold.nii.gz")
    write_run(derived / f"{stem}_space-T1w_desc-preproc_bold.nii.gz")
    assert find_bold(eeg) == (func / f"{stem}_bold.nii.gz",)
    write_run(derived / f"{stem}_space-MNI152NLin6Asym_res-2_desc-preproc_bold.nii.gz")
    assert find_bold(eeg) == (derived / f"{stem}_space-MNI152NLin6Asym_res-2_desc-preproc_bold.nii.gz",)


def test_one_image_in_three_dimensions_is_no_run(tmp_path):
    write_run(tmp_path / "t1.nii", np.zeros((6, 5, 4), np.float32))
    assert "a single image of 6 x 5 x 4 voxels" in refusal(tmp_path / "t1.nii", tmp_path)


def test_a_compressed_run_cut_in_the_middle_offers_its_whole_volumes(tmp_path):
    expected = write_run(tmp_path / "whole.nii.gz")
    content = (tmp_path / "whole.nii.gz").read_bytes()
    cut = tmp_path / "cut.nii.gz"
    cut.write_bytes(content[: len(content) // 2])
    for _ in range(2):
        volumes = open_volumes(cut, cache_folder=tmp_path / "cache")
        assert 3 <= volumes.n_volumes < 9
        assert np.array_equal(volumes.volume(volumes.n_volumes - 1), expected[..., volumes.n_volumes - 1])
        assert "cut off or damaged" in volumes.problems[0]
        assert f"it holds {volumes.n_volumes} of the 12 volumes" in volumes.problems[1]
    write_run(tmp_path / "large.nii.gz", np.random.default_rng(2).normal(size=(20, 20, 10, 2)))
    cut.write_bytes((tmp_path / "large.nii.gz").read_bytes()[:20_000])
    assert "not one whole volume" in refusal(cut, tmp_path / "cache")
    cut.write_bytes(content[:30])
    assert "before its header ends" in refusal(cut, tmp_path / "cache")


def test_a_wrong_checksum_is_said_each_time_it_is_opened(tmp_path):
    write_run(tmp_path / "run.nii.gz")
    content = bytearray((tmp_path / "run.nii.gz").read_bytes())
    content[-8] ^= 1
    (tmp_path / "run.nii.gz").write_bytes(content)
    for _ in range(2):
        volumes = open_volumes(tmp_path / "run.nii.gz", cache_folder=tmp_path / "cache")
        assert volumes.n_volumes == 12
        assert "damaged" in volumes.problems[0]


def test_a_file_longer_or_shorter_than_its_header_promises_says_so(tmp_path):
    path = tmp_path / "run.nii"
    write_run(path)
    content = path.read_bytes()
    path.write_bytes(content[:-250])
    assert "holds 10 of the 12 volumes" in open_volumes(path).problems[0]
    path.write_bytes(content + bytes(100))
    assert "100 bytes more" in open_volumes(path).problems[0]


@pytest.mark.parametrize("name", ["run.nii", "run.nii.gz"])
def test_a_claim_of_forty_gigabytes_is_refused_or_cut_down_to_what_is_there(tmp_path, name):
    path = tmp_path / name
    write_run(path)
    content = path.read_bytes()
    image = bytearray(gzip.decompress(content) if name.endswith("gz") else content)
    # 800 x 800 x 160 x 200 voxels of 2 bytes: 41 GB.
    image[40:50] = np.array([4, 800, 800, 160, 200], dtype="<i2").tobytes()
    path.write_bytes(gzip.compress(image) if name.endswith("gz") else bytes(image))
    assert "promises 200 volumes of 205 MB" in refusal(path, tmp_path / "cache")
    # 6 x 5 x 4 voxels, 32,767 times: those that are there are offered.
    image[40:50] = np.array([4, 6, 5, 4, 32767], dtype="<i2").tobytes()
    path.write_bytes(gzip.compress(image) if name.endswith("gz") else bytes(image))
    volumes = open_volumes(path, cache_folder=tmp_path / "cache")
    assert volumes.n_volumes == 12
    assert "12 of the 32,767 volumes" in " ".join(volumes.problems)


@pytest.mark.parametrize(
    ("place", "content", "words"),
    [
        (344, b"ni1\0", "voxels lie in another file"),
        (344, b"xyz\0", "no NIfTI"),
        (40, np.array([9], "<i2").tobytes(), "9 axes"),
        (42, np.array([-4], "<i2").tobytes(), "-4 x 5 x 4"),
        (40, np.array([5, 6, 5, 4, 2, 6], "<i2").tobytes(), "5 axes"),
        (42, np.array([32767, 32767, 100], "<i2").tobytes(), "32767 x 32767 x 100 voxels"),
        (70, np.array([128], "<i2").tobytes(), "no signal"),
        (70, np.array([32], "<i2").tobytes(), "no signal"),
        (70, np.array([77], "<i2").tobytes(), "no type of number"),
        (108, np.array([np.nan], "<f4").tobytes(), "at byte nan"),
        (108, np.array([1e30], "<f4").tobytes(), "at byte 1e+30"),
        (280, np.full(12, np.nan, "<f4").tobytes(), None),
    ],
)
def test_a_damaged_header_gets_a_sentence(tmp_path, place, content, words):
    path = tmp_path / "run.nii"
    write_run(path)
    image = bytearray(path.read_bytes())
    image[place : place + len(content)] = content
    path.write_bytes(image)
    if words is None:  # the second statement of where the voxels lie still holds
        assert np.allclose(open_volumes(path).affine, np.diag([-4, 4, 5, 1]))
    else:
        assert words in refusal(path, tmp_path)


def test_an_image_that_does_not_say_where_it_lies_says_so_or_is_refused(tmp_path):
    path = tmp_path / "run.nii"
    write_run(path)
    image = bytearray(path.read_bytes())
    image[252:256] = bytes(4)
    path.write_bytes(image)
    assert "which side is left" in open_volumes(path).problems[0]
    write_run(path)
    image = bytearray(path.read_bytes())
    image[256:328] = np.full(18, np.nan, "<f4").tobytes()
    path.write_bytes(image)
    assert "where its voxels lie" in refusal(path, tmp_path)


def test_what_is_missing_a_folder_or_no_image_gets_a_sentence(tmp_path):
    assert "no such file" in refusal(tmp_path / "absent.nii", tmp_path)
    assert "it is" in refusal(tmp_path, tmp_path)
    (tmp_path / "text.nii").write_text("not an image")
    assert "no NIfTI" in refusal(tmp_path / "text.nii", tmp_path)
    (tmp_path / "empty.nii.gz").write_bytes(b"")
    assert "no NIfTI" in refusal(tmp_path / "empty.nii.gz", tmp_path)


FUZZ = """
import json, random, resource, sys
from pathlib import Path
from inference.errors import ImagingError
from inference.imaging.volumes import open_volumes
import gzip, nibabel, numpy

source, folder, n = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
content = source.read_bytes()
path = folder / "mutated.nii"
open_volumes(source)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 200_000_000,) * 2)
rng = random.Random(7)
counts = {"opened": 0, "refused": 0}
for turn in range(n):
    mutated = bytearray(content[: rng.randrange(len(content))] if rng.random() < 0.2 else content)
    for _ in range(rng.randrange(1, 8) if mutated else 0):
        mutated[rng.randrange(min(len(mutated), 352))] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
    if turn % 3 == 0:
        mutated = bytearray(gzip.compress(bytes(mutated), 1))
        if rng.random() < 0.5:
            mutated[rng.randrange(len(mutated))] ^= 1 << rng.randrange(8)
    path.write_bytes(mutated)
    try:
        volumes = open_volumes(path, cache_folder=folder / "cache")
        volumes.volume(0), volumes.volume(volumes.n_volumes - 1)
        counts["opened"] += 1
    except ImagingError as error:
        assert str(path) in str(error) and "\\n" not in str(error), error
        counts["refused"] += 1
print(json.dumps(counts))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits its memory as Linux does")
def test_no_mutation_of_a_header_raises_anything_but_a_sentence_or_asks_for_much_memory(tmp_path):
    write_run(tmp_path / "run.nii")
    arguments = [sys.executable, "-W", "error", "-c", FUZZ, str(tmp_path / "run.nii"), str(tmp_path), "600"]
    child = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=120)
    assert child.returncode == 0, child.stderr[-2000:]
    counts = json.loads(child.stdout)
    assert counts["opened"] > 50 and counts["refused"] > 50, counts
