"""What the focus-localisation benchmark cuts into folds, and the material from outside them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from inference.models.focus_localisation import FocusConfig, FocusLocalisation
from inference.runtime.package import open_package
from inference.signals.filters import FilterSettings, filter_signal
from inference.signals.resampling import resample
from inference.training.corpora.bern_barcelona import read_bern_barcelona
from inference.training.corpora.bonn import read_bonn
from inference.training.export import load_weights
from inference.training.focus_fitting import (
    FocusTraining,
    PooledWindows,
    embed,
    pool_windows,
    pretrain_by_identity,
    stand_in_patients,
)
from inference.training.focus_localisation import INPUTS
from tests.benchmarks.focus_features import (
    KernelFeatures,
    chen_features,
    coherence_features,
    wavelet_spectral_features,
)
from tests.benchmarks.focus_folds import agreement, simultaneous_groups

CORPORA = ("bonn", "bern-barcelona")
PROTOCOLS = ("file", "simultaneous", "windows")
NETWORK_RATE_HZ = FocusConfig().rate_hz
PRETRAINING = FocusTraining(n_steps=1200, batch_size=48, peak_rate=4e-3, precision="bfloat16")
#: Windows of 20 s of each file that the network is trained on and asked about; they overlap.
N_POOLED = 4
#: Bern-Barcelona's 512 Hz carries nothing above 150 Hz; hand-made features see it at half the rate.
FEATURE_RATE_HZ = {"bonn": 173.61, "bern-barcelona": 256.0}
N_QUARTERS = 4
SHIPPED = Path(__file__).parents[2] / "resources" / "models" / "focus-localisation"

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Units:
    """The things that are trained on and tested: files, or quarters of files where the protocol says "windows".

    Whatever is computed here for a unit looks at that unit alone or at recordings outside the two classes, so it may be
    computed once for all folds. ``views`` are the channels of a unit and, for pairs, their difference.
    """

    corpus: str
    protocol: str
    data: Path
    cache: Path

    @cached_property
    def files(self) -> tuple[NDArray[np.float32], NDArray[np.int64], float]:
        """Signals (files, channels, samples), labels and rate of the two classes."""
        bonn = self.corpus == "bonn"
        segments = read_bonn(self.data / "bonn") if bonn else read_bern_barcelona(self.data / "bern_barcelona")
        rate_hz = FEATURE_RATE_HZ[self.corpus]
        return resample(segments.signals, segments.rate_hz, rate_hz), segments.label, rate_hz

    @property
    def rate_hz(self) -> float:
        """Rate of `signals`."""
        return self.files[2]

    @cached_property
    def signals(self) -> NDArray[np.float32]:
        """Signals (units, channels, samples)."""
        signals = self.files[0]
        if self.protocol != "windows":
            return signals
        n_samples = signals.shape[2] // N_QUARTERS
        quarters = [signals[:, :, i * n_samples : (i + 1) * n_samples] for i in range(N_QUARTERS)]
        return np.concatenate(quarters)

    @cached_property
    def label(self) -> NDArray[np.int64]:
        """Class of each unit."""
        return np.tile(self.files[1], N_QUARTERS if self.protocol == "windows" else 1)

    @cached_property
    def agreements(self) -> Array:
        """How well each two units agree at the same instants."""
        return agreement(self.signals, self.rate_hz)

    @cached_property
    def group(self) -> NDArray[np.int64] | None:
        """Groups that must stay on one side of a fold, None where every unit may stand anywhere."""
        return simultaneous_groups(self.agreements) if self.protocol == "simultaneous" else None

    @cached_property
    def views(self) -> NDArray[np.float32]:
        """Signals (units, views, samples)."""
        if self.signals.shape[1] == 1:
            return self.signals
        return np.concatenate((self.signals, self.signals[:, :1] - self.signals[:, 1:]), axis=1)

    @property
    def n_views(self) -> int:
        """Single-channel signals of each unit."""
        return self.views.shape[1]

    @cached_property
    def wavelet_spectral(self) -> Array:
        """45 features of each view."""
        return self._of_views(lambda signals: wavelet_spectral_features(signals, self.rate_hz))

    @cached_property
    def chen(self) -> Array:
        """Features of Chen 2017 of each view."""
        return self._of_views(chen_features)

    @cached_property
    def kernels(self) -> Array:
        """Features of fixed random-threshold kernels of each view."""
        outside = [self._outside_bonn("ABE" if self.corpus == "bonn" else "ABCDE", self.rate_hz)]
        return self._of_views(KernelFeatures(outside[0]))

    @cached_property
    def coherence(self) -> Array:
        """Coherence of the two channels of each pair."""
        return coherence_features(self.signals, self.rate_hz)

    @cached_property
    def network_views(self) -> NDArray[np.float32]:
        """Views at the network's rate, (units, views, samples)."""
        return resample(self.views, self.rate_hz, NETWORK_RATE_HZ)

    @cached_property
    def pooled(self) -> PooledWindows:
        """What the convolutions of the same network find in every view, unit by unit."""
        views = self.network_views
        return pool_windows(self.pretrained(FocusConfig()), views.reshape(-1, views.shape[2]), N_POOLED, seed=0)

    @property
    def shipped(self) -> FocusLocalisation:
        """The network that ships, trained on simulated patients."""
        n_patients = open_package(SHIPPED).card.training["recipe"]["n_patients"]
        return load_weights(SHIPPED, FocusLocalisation(FocusConfig(n_patients=n_patients)))

    @cached_property
    def shipped_pooled(self) -> PooledWindows:
        """What the shipped network's convolutions find in every view, filtered as its card asks for."""
        band = FilterSettings(INPUTS.lff_hz, INPUTS.hff_hz)
        views = filter_signal(self.network_views, NETWORK_RATE_HZ, band)
        return pool_windows(self.shipped, views.reshape(-1, views.shape[2]), N_POOLED, seed=0)

    @cached_property
    def embedding(self) -> Array:
        """Features of the network that has seen none of these classes' files."""
        network = self.pretrained(FocusConfig())
        return self._join(embed(network, np.concatenate(list(self.network_views.transpose(1, 0, 2)))))

    def stand_in_patients(self, chosen: NDArray[np.int64], n_patients: int, seed: int) -> NDArray[np.int64]:
        """Give patient numbers to the views of chosen units, by clustering these alone."""
        return stand_in_patients(self.training_signals(chosen), NETWORK_RATE_HZ, n_patients, seed)

    def training_signals(self, chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        """Views of chosen units as single channels, (units * views, samples)."""
        views = self.network_views[chosen]
        return views.reshape(-1, views.shape[2])

    def pretrained(self, config: FocusConfig) -> FocusLocalisation:
        """Give a network taught to tell apart recordings outside these two classes; kept in the cache folder."""
        path = self.cache / f"{self.corpus}-identity-{PRETRAINING.n_steps}.safetensors"
        torch.manual_seed(PRETRAINING.seed)
        network = FocusLocalisation(config)
        if not path.exists():
            pretrain_by_identity(network, self._outside_signals(), PRETRAINING)
            path.parent.mkdir(parents=True, exist_ok=True)
            save_file(network.state_dict(), path)
        network.load_state_dict(load_file(path))
        return network.eval()

    def _outside_signals(self) -> NDArray[np.float32]:
        if self.corpus == "bern-barcelona":
            return self._outside_bonn("ABCDE", NETWORK_RATE_HZ)
        pairs = read_bern_barcelona(self.data / "bern_barcelona")
        others = resample(pairs.signals.reshape(-1, pairs.signals.shape[2]), pairs.rate_hz, NETWORK_RATE_HZ)
        healthy_and_ictal = self._outside_bonn("ABE", NETWORK_RATE_HZ)
        return np.concatenate((healthy_and_ictal[:, : others.shape[1]], others))

    def _outside_bonn(self, sets: str, rate_hz: float) -> NDArray[np.float32]:
        segments = read_bonn(self.data / "bonn", tuple(sets))
        return resample(segments.signals[:, 0], segments.rate_hz, rate_hz)

    def _of_views(self, features_of) -> Array:
        return self._join(np.concatenate([features_of(view) for view in self.views.transpose(1, 0, 2)]))

    def _join(self, features: Array) -> Array:
        """Put the features of a unit's views, stacked view by view, side by side."""
        return np.concatenate(np.split(features, self.views.shape[1]), axis=1)
