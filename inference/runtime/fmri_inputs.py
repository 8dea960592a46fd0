"""From an fMRI run that was opened beside a recording to what networks are given of it."""

import numpy as np

from inference.errors import AnalysisError
from inference.imaging.fmri_study import FmriStudy
from inference.runtime.sleep_inputs import BoldSignals


def bold_of_study(study: FmriStudy) -> BoldSignals:
    """Give the mean signal of each region, NaN in the volumes that are left out for motion.

    It is not filtered: networks were trained on signals that were standardised by region and no more.

    Raises
    ------
    AnalysisError
        No region of the run may be named, because nobody knows where in the brain it lies.
    """
    if study.series is None:
        raise AnalysisError(f"{study.volumes.path} is left out of the analysis: {study.placement.sentence}")
    signals = np.where(study.series.scrubbed[:, None], np.nan, study.series.means.values)
    return BoldSignals(signals, study.alignment.offset_s, study.alignment.tr_s)
