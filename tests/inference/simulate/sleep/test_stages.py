import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from inference.labels.hypnogram_formats import read_hypnogram
from inference.labels.hypnogram_formats.ds003768 import read_ds003768
from inference.simulate.sleep.stages import NAP, NIGHT, NIGHT_PARTS, draw_stages, learn_statistics

DATA = Path(os.environ.get("SPASMLENS_TEST_DATA", Path(__file__).parents[5] / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no real recordings in {DATA}")


@needs_data
def test_the_table_of_naps_is_what_the_hypnograms_of_ds003768_say():
    tables = sorted((DATA / "ds003768" / "sourcedata").glob("*.tsv"))
    sequences = [hypnogram.stages for table in tables for hypnogram in read_ds003768(table).values()]
    assert len(sequences) == 255
    assert learn_statistics(sequences) == NAP


@needs_data
def test_the_table_of_nights_is_what_the_hypnograms_of_dod_h_and_yasa_say():
    folder = DATA / "hypnograms"
    paths = [*sorted((folder / "dreem_dodh").rglob("*.json")), folder / "yasa_6h_30s.txt"]
    assert learn_statistics([read_hypnogram(path).stages for path in paths], NIGHT_PARTS) == NIGHT


def test_a_bout_that_is_cut_short_counts_as_at_least_so_long():
    # Half of the bouts of W last 2 epochs; the others were still going on after 6.
    cut, whole = ("W",) * 6, ("W", "W", "N1", "N1", "N1", "W", "W", "N1")
    learned = learn_statistics([cut, cut, whole])
    assert learned.bout_epochs["W"][:5] == (2, 2, 2, 2, 2)
    assert learned.bout_epochs["W"][-1] == 6
    assert learned.next_stage[0]["W"] == {"N1": 2}


def test_an_unscored_epoch_is_no_stage_and_ends_a_bout_early():
    learned = learn_statistics([("W", "N1", "?", "N1", "W")])
    assert learned.first == {"W": 1}
    assert learned.next_stage == ({"W": {"N1": 1}, "N1": {"W": 1}},)


def test_drawn_naps_have_the_stages_of_real_ones():
    random = np.random.default_rng(1)
    counts = Counter(stage for _ in range(300) for stage in draw_stages(random, 26, NAP))
    shares = {stage: n / counts.total() for stage, n in counts.items()}
    # ds003768: W 3344, N1 2148, N2 1325, N3 42 of 6859 epochs; no R.
    assert shares == {
        "W": pytest.approx(0.49, abs=0.07),
        "N1": pytest.approx(0.31, abs=0.07),
        "N2": pytest.approx(0.19, abs=0.07),
        "N3": pytest.approx(0.006, abs=0.01),
    }


def test_deep_sleep_comes_early_and_rem_sleep_late():
    random = np.random.default_rng(2)
    nights = [draw_stages(random, 960, NIGHT) for _ in range(30)]
    early = Counter(stage for night in nights for stage in night[:320])
    late = Counter(stage for night in nights for stage in night[640:])
    assert early["N3"] > 4 * late["N3"]
    assert late["R"] > 3 * early["R"]


def test_a_stretch_of_a_night_is_part_of_that_night():
    whole = draw_stages(np.random.default_rng(3), 960, NIGHT)
    stretch = draw_stages(np.random.default_rng(3), 40, NIGHT, first_epoch=500, of_epochs=960)
    assert stretch == whole[500:540]
