"""Prints what ``spasmlens bench scroll`` measures; a loaded machine is no reason to fail."""

from app.commands._scrolling import measure_scrolling


def test_scrolling_is_measured_beside_its_peer(qapp, capsys):
    result = measure_scrolling(None, seconds=2.0, with_engine=False)
    with capsys.disabled():
        print("\nbench scroll:", result)
    assert set(result) >= {"median_ms", "p99_ms", "frames", "with_engine", "peer_median_ms"}
    assert result["frames"] == 120
