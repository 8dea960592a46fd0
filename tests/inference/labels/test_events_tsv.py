import pytest

from inference.errors import LabelError
from inference.labels.events_tsv import common_duration_s, read_seizures
from inference.labels.export import export_labels
from inference.labels.scoring import Span
from tests.inference.labels.builders import make_labels


def write(tmp_path, text, name="events.tsv"):
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def test_a_third_party_szcore_file_is_read(tmp_path):
    text = (
        "onset\tduration\teventType\tconfidence\tchannels\tdateTime\trecordingDuration\n"
        "12.50\t30.00\tsz_foc_ia\tn/a\tn/a\t2016-11-06 13:43:04\t3600.00\n"
        "100.00\t3.00\tbckg\tn/a\tn/a\t2016-11-06 13:43:04\t3600.00\n"
    )
    table = read_seizures(write(tmp_path, text))
    assert table.seizures == (Span(12.5, 42.5),)
    assert table.duration_s == 3600.0


def test_own_exports_are_read_back_without_the_unsure(tmp_path):
    bids, szcore = (export_labels(make_labels(), [name], tmp_path) for name in ("bids", "szcore"))
    events = next(path for path in bids if path.name.endswith("desc-spasmlens_events.tsv"))
    assert read_seizures(events).seizures == (Span(10.25, 11.75), Span(40.0, 41.5))
    assert len(read_seizures(szcore[0]).seizures) == 3


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffOnset\tDURATION\r\n1\t2\r\n\r\n",
        "duration,onset\n2,1\n",
        'label,onset,duration\n"spasm",1,2\n',
        "onset\tduration\tlabel\n1\t2\tEpileptic-spasm\n5\t2\tSpasm\n5\t2\tSucking-artifact\n",
    ],
)
def test_odd_but_clear_tables_are_read(tmp_path, text):
    assert read_seizures(write(tmp_path, text)).seizures == (Span(1.0, 3.0),)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "is empty"),
        ("hello\nworld\n", "no column 'onset'"),
        ("onset\tduration\n1\n", "Line 2 .* has 1 values, its header 2"),
        ("onset\tduration\n1\t2\nx\t2\n", "Line 3 .*: onset is 'x', not a number"),
        ("onset\tduration\n1\tinf\n", "duration is 'inf'"),
        ("onset\tduration\n1\t-2\n", "the duration is negative"),
        ("onset\tduration\nn/a\t2\n", "Line 2 .* has no onset"),
        ('onset,duration\n1,"' + "x" * 200_000 + '"\n', "Line 2 .* cannot be understood"),
    ],
)
def test_a_table_that_cannot_be_read_gives_one_sentence_with_the_line(tmp_path, text, cause):
    with pytest.raises(LabelError, match=cause) as caught:
        read_seizures(write(tmp_path, text))
    assert len(str(caught.value)) < 400


def test_a_binary_file_a_folder_and_a_missing_file_give_a_sentence(tmp_path):
    (tmp_path / "signal.edf").write_bytes(b"\xff\xfe\x00\x80" * 10)
    for name, cause in (("signal.edf", "not a text file"), (".", "is a folder"), ("none.tsv", "does not exist")):
        with pytest.raises(LabelError, match=cause):
            read_seizures(tmp_path / name)


def test_files_about_recordings_of_different_length_are_not_compared(tmp_path):
    header = "onset\tduration\trecordingDuration\n"
    one = read_seizures(write(tmp_path, f"{header}1\t2\t60\n", "one.tsv"))
    two = read_seizures(write(tmp_path, f"{header}1\t2\t90\n", "two.tsv"))
    none = read_seizures(write(tmp_path, "onset\tduration\n1\t2\n", "none.tsv"))
    assert common_duration_s((one, none)) == 60.0
    assert common_duration_s((none, none)) is None
    with pytest.raises(LabelError, match="different length"):
        common_duration_s((one, two))
