import numpy as np
import pytest
from scipy import signal

from inference.errors import ImagingError
from inference.imaging.artefact_free import ArtefactFreeRecording, has_gradients
from inference.imaging.artefacts import (
    GRADIENT_NEIGHBOURS,
    find_beats,
    gradient_epochs,
    subtract_gradient,
    subtract_pulse,
)
from inference.imaging.average_subtraction import AverageSubtraction
from inference.imaging.triggers import find_trigger_train
from inference.recordings.array import ArrayRecording
from inference.recordings.recording import Channel, ChannelKind, FileAnnotation

RATE_HZ = 500.0
TR_S = 2.1
N_CHANNELS = 4


def eeg(n_samples, seed=1):
    """Pink noise of 20 uV between 0.5 and 70 Hz."""
    rng = np.random.default_rng(seed)
    spectrum = rng.normal(size=(N_CHANNELS, n_samples // 2 + 1)) + 1j * rng.normal(
        size=(N_CHANNELS, n_samples // 2 + 1)
    )
    hz = np.fft.rfftfreq(n_samples, 1 / RATE_HZ)
    spectrum *= np.where((hz >= 0.5) & (hz <= 70), 1 / np.sqrt(np.maximum(hz, 0.5)), 0)
    noise = np.fft.irfft(spectrum, n_samples, axis=-1)
    return 20 * noise / noise.std(axis=-1, keepdims=True)


def gradient(onsets_s, n_samples, seed=2, waxing=0.0):
    """Harmonics of 30 slices a volume below 230 Hz, 1 mV in all, on a clock that is not the amplifier's."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(n_samples) / RATE_HZ
    phase = (time_s - onsets_s[0]) / TR_S
    during = (time_s >= onsets_s[0]) & (time_s < onsets_s[0] + len(onsets_s) * TR_S)
    harmonics = [30 * k for k in range(1, int(230 * TR_S / 30))] + [30 * k + 1 for k in range(1, 8)]
    loops, turns = rng.normal(size=(2, N_CHANNELS, len(harmonics)))
    waves = np.stack([np.sin(2 * np.pi * h * phase[None] + turns[:, [i]]) for i, h in enumerate(harmonics)])
    artefact = np.einsum("ch,hcn->cn", loops, waves)
    artefact *= 1000 / artefact.std(axis=-1, keepdims=True)
    return artefact * during * (1 + waxing * phase / len(onsets_s))


def decibels(left, of):
    return 10 * np.log10(np.mean(np.square(left)) / np.mean(np.square(of)))


def test_a_gradient_artefact_goes_and_the_eeg_stays():
    n_samples = round(150 * RATE_HZ)
    onsets_s = 3.7013 + TR_S * np.arange(66)
    clean, artefact = eeg(n_samples), gradient(3.7013 + TR_S * np.arange(66), n_samples)
    cleaned = subtract_gradient(clean + artefact, RATE_HZ, onsets_s)
    during = slice(round(3.8 * RATE_HZ), round(142 * RATE_HZ))
    residual = decibels((cleaned - clean)[:, during], artefact[:, during])
    against_eeg = decibels((cleaned - clean)[:, during], clean[:, during])
    print(f"gradient: residual {residual:.1f} dB of the artefact, {against_eeg:.1f} dB of the EEG")
    assert residual < -44
    assert against_eeg < -12
    assert np.array_equal(
        cleaned[:, : round(3.7 * RATE_HZ)], (clean + artefact)[:, : round(3.7 * RATE_HZ)].astype("f4")
    )


def test_an_artefact_that_changes_slowly_is_followed():
    n_samples = round(150 * RATE_HZ)
    onsets_s = 3.7013 + TR_S * np.arange(66)
    clean, artefact = eeg(n_samples), gradient(onsets_s, n_samples, waxing=0.1)
    cleaned = subtract_gradient(clean + artefact, RATE_HZ, onsets_s)
    middle = slice(round(40 * RATE_HZ), round(110 * RATE_HZ))
    assert decibels((cleaned - clean)[:, middle], artefact[:, middle]) < -42


def test_eeg_without_an_artefact_gains_little_noise():
    n_samples = round(100 * RATE_HZ)
    clean = eeg(n_samples)
    cleaned = subtract_gradient(clean, RATE_HZ, 1.0 + TR_S * np.arange(46))
    assert decibels(cleaned - clean, clean) < -12


def test_a_gap_is_left_as_it_is_and_spoils_no_template():
    n_samples = round(100 * RATE_HZ)
    onsets_s = 0.5 + TR_S * np.arange(46)
    clean, artefact = eeg(n_samples), gradient(onsets_s, n_samples)
    dirty = clean + artefact
    dirty[:, 20_000:20_500] = np.nan
    cleaned = subtract_gradient(dirty, RATE_HZ, onsets_s)
    assert np.array_equal(np.isnan(cleaned), np.isnan(dirty))
    away = slice(round(50 * RATE_HZ), round(90 * RATE_HZ))
    assert decibels((cleaned - clean)[:, away], artefact[:, away]) < -40


def test_a_span_is_cleaned_as_the_whole_is_and_read_no_farther_than_its_neighbours():
    n_samples = round(240 * RATE_HZ)
    onsets_s = 2.2 + TR_S * np.arange(110)
    dirty = eeg(n_samples) + gradient(onsets_s, n_samples)
    reads = []

    def source(channels, first, stop):
        reads.append((first, stop))
        return dirty[list(channels), first:stop]

    epochs = gradient_epochs(onsets_s, RATE_HZ, n_samples)
    lazy = AverageSubtraction(source, n_samples, epochs, GRADIENT_NEIGHBOURS)
    first, stop = round(100 * RATE_HZ), round(110 * RATE_HZ)
    part = lazy.read(range(N_CHANNELS), first, stop)
    assert np.allclose(part, subtract_gradient(dirty, RATE_HZ, onsets_s)[:, first:stop], atol=1e-2)
    assert min(reads)[0] > round(70 * RATE_HZ) and max(end for _, end in reads) < round(140 * RATE_HZ)
    reads.clear()
    assert np.array_equal(lazy.read([2], first, stop)[0], part[2])
    assert reads == [(first, stop)]


def beats_and_pulse(n_samples, seed=4):
    rng = np.random.default_rng(seed)
    n_beats = int(n_samples / RATE_HZ / 0.85) - 2
    beats_s = 0.8 + np.cumsum(rng.normal(0.85, 0.03, n_beats))
    time_s = np.arange(n_samples) / RATE_HZ
    ecg, pulse = np.zeros(n_samples), np.zeros(n_samples)
    for beat_s in beats_s:
        u = time_s - beat_s
        ecg += 900 * np.exp(-0.5 * (u / 0.012) ** 2) + 150 * np.exp(-0.5 * ((u - 0.25) / 0.04) ** 2)
        u = u - 0.21
        pulse += np.exp(-0.5 * (u / 0.08) ** 2) * np.cos(2 * np.pi * 4.5 * u)
    return beats_s, ecg + rng.normal(0, 15, n_samples), pulse


def test_r_peaks_are_found_in_the_ecg():
    beats_s, ecg, _ = beats_and_pulse(round(120 * RATE_HZ))
    found_s = find_beats(ecg, RATE_HZ)
    inner = beats_s[(beats_s > 2) & (beats_s < 115)]
    assert all(np.min(np.abs(found_s - beat_s)) < 0.02 for beat_s in inner)
    assert abs(len(found_s) - len(beats_s)) <= 3


def test_a_pulse_artefact_goes_and_the_eeg_stays():
    n_samples = round(120 * RATE_HZ)
    clean = eeg(n_samples)
    _, ecg, pulse = beats_and_pulse(n_samples)
    artefact = np.array([150.0, -120.0, 80.0, -60.0])[:, None] * pulse
    cleaned = subtract_pulse(clean + artefact, RATE_HZ, find_beats(ecg, RATE_HZ))
    inner = slice(round(5 * RATE_HZ), round(110 * RATE_HZ))
    residual = decibels((cleaned - clean)[:, inner], artefact[:, inner])
    print(f"pulse: residual {residual:.1f} dB of the artefact, of {decibels(artefact[:, inner], clean[:, inner]):.1f}")
    assert residual < -16
    assert decibels((cleaned - clean)[:, inner], clean[:, inner]) < -9


def test_both_artefacts_together_leave_the_alpha_rhythm():
    n_samples = round(150 * RATE_HZ)
    time_s = np.arange(n_samples) / RATE_HZ
    clean = eeg(n_samples) + 15 * np.sin(2 * np.pi * 10.3 * time_s)
    onsets_s = 1.3333 + TR_S * np.arange(70)
    _, ecg, pulse = beats_and_pulse(n_samples)
    dirty = clean + gradient(onsets_s, n_samples) + 100 * pulse
    dirty_ecg = ecg + gradient(onsets_s, n_samples, seed=9)[0]
    beats = find_beats(subtract_gradient(dirty_ecg[None], RATE_HZ, onsets_s)[0], RATE_HZ)
    cleaned = subtract_pulse(subtract_gradient(dirty, RATE_HZ, onsets_s), RATE_HZ, beats)
    powers = [signal.welch(x, RATE_HZ, nperseg=2000)[1][:, 38:45].sum(axis=-1) for x in (clean, cleaned)]
    assert np.all(np.abs(10 * np.log10(powers[1] / powers[0])) < 1)


def test_too_few_volumes_or_beats_get_a_sentence():
    with pytest.raises(ImagingError, match="over 4 volumes"):
        subtract_gradient(eeg(4000), RATE_HZ, [0.0, 2.0, 4.0, 6.0])
    with pytest.raises(ImagingError, match="over 0 beats"):
        subtract_pulse(eeg(4000), RATE_HZ, [])


def scanned(n_s: float, *, with_ecg: bool):
    """A recording in the scanner and what its EEG was without it: two EEG channels, an ECG, and breathing."""
    n_samples = round(n_s * RATE_HZ)
    onsets_s = 1.3333 + TR_S * np.arange(int((n_s - 3) / TR_S))
    clean = eeg(n_samples)[:2]
    _, ecg, pulse = beats_and_pulse(n_samples)
    scanner = gradient(onsets_s, n_samples)
    breathing = np.sin(np.arange(round(n_s * 25)) / 30)
    names = {"Cz": ChannelKind.EEG, "Pz": ChannelKind.EEG, "ECG": ChannelKind.ECG if with_ecg else ChannelKind.OTHER}
    channels = [Channel(name, kind, "uV", RATE_HZ) for name, kind in names.items()]
    channels.append(Channel("Resp", ChannelKind.RESPIRATION, "a.u.", 25.0))
    signals = [*(clean + scanner[:2] + 80 * pulse), ecg + scanner[3], breathing]
    marks = [FileAnnotation(float(onset_s), 0.0, "R128") for onset_s in onsets_s]
    return ArrayRecording(channels, signals, annotations=marks), clean


def test_a_recording_is_read_without_scanner_and_heart_wherever_it_is_read():
    recording, clean = scanned(120, with_ecg=True)
    before = recording.read([0], 0.0, 120.0)[0].copy()
    free = ArtefactFreeRecording(recording)
    whole = free.read([0, 1, 2, 3], 0.0, 120.0)
    inner = slice(round(6 * RATE_HZ), round(110 * RATE_HZ))
    left = np.stack(whole[:2])[:, inner] - clean[:, inner]
    assert decibels(left, clean[:, inner]) < -7
    assert decibels(np.stack([before])[:, inner], clean[:, inner]) > 25
    parts = [free.read([1], onset_s, 7.5)[0] for onset_s in np.arange(0, 120, 7.5)]
    assert np.allclose(np.concatenate(parts), whole[1], atol=1e-2)
    assert np.array_equal(whole[3], recording.read([3], 0.0, 120.0)[0])
    assert np.array_equal(recording.read([0], 0.0, 120.0)[0], before)
    assert free.n_beats > 100 and f"{free.n_beats} heart beats" in free.problems[0]
    assert (free.channels, free.annotations, free.duration_s) == (recording.channels, recording.annotations, 120.0)


def test_without_an_ecg_the_gradients_go_and_the_pulse_is_said_to_stay():
    recording, _ = scanned(60, with_ecg=False)
    free = ArtefactFreeRecording(recording)
    assert free.n_beats == 0 and "pulse artefact is not" in free.problems[0]
    inner = slice(round(6 * RATE_HZ), round(50 * RATE_HZ))
    assert decibels(free.read([0], 0, 60)[0][inner], recording.read([0], 0, 60)[0][inner]) < -20


def test_a_corrected_kind_changes_what_is_subtracted_and_the_recording_below():
    recording, _ = scanned(60, with_ecg=True)
    free = ArtefactFreeRecording(recording)
    free.correct_kinds({"Cz": ChannelKind.OTHER})
    assert recording.channels[0].kind is ChannelKind.OTHER
    assert np.array_equal(free.read([0], 10, 5)[0], recording.read([0], 10, 5)[0])


def test_a_recording_without_triggers_gets_a_sentence():
    channel = Channel("Cz", ChannelKind.EEG, "uV", RATE_HZ)
    with pytest.raises(ImagingError, match="no volume triggers"):
        ArtefactFreeRecording(ArrayRecording([channel], [np.zeros(5000)]))


def test_gradients_are_told_from_eeg_and_from_mains_that_keep_time_with_the_volumes():
    recording, clean = scanned(60, with_ecg=False)
    train, _ = find_trigger_train(recording.annotations, None, 0)
    assert has_gradients(recording, train)
    assert not has_gradients(ArtefactFreeRecording(recording), train)
    time_s = np.arange(clean.shape[1]) / RATE_HZ
    marks = [FileAnnotation(2.0 * volume, 0.0, "R128") for volume in range(28)]
    channel = Channel("Cz", ChannelKind.EEG, "uV", RATE_HZ)
    hum = clean[0] + 200 * np.sin(2 * np.pi * 50 * time_s) + 90 * np.sin(2 * np.pi * 100 * time_s)
    humming = ArrayRecording([channel], [hum], annotations=marks)
    assert not has_gradients(humming, find_trigger_train(marks, None, 0)[0])
