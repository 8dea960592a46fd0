"""Labels of what is true in a child with a syndrome, beside those of `inference.simulate.truth`."""

from enum import StrEnum


class SyndromeTerm(StrEnum):
    """HED-SCORE 2.1.0 and HED 8.4.0 terms, spelt as there."""

    # Seizures.
    TYPICAL_ABSENCE = "Typical-absence-seizure"
    ATYPICAL_ABSENCE = "Atypical-absence-seizure"
    TONIC_CLONIC = "Tonic-clonic-seizure"
    FOCAL = "Focal-onset-epileptic-seizure"
    # What is found between them.
    SPIKE_WAVE = "Spike-and-slow-wave"
    SHARP_WAVE = "Sharp-wave"
    BURST_SUPPRESSION = "Background-burst-suppression"
    BURST = "Arrhythmic-trains-or-bursts"
    OCCIPITAL_DELTA = "Occipital-intermittent-rhythmic-delta-activity"
    # What healthy children have as well.
    HYPERSYNCHRONY = "Hypnagogic-hypersynchrony"
    HYPERVENTILATION = "Diffuse-slowing-hyperventilation"
    CHEWING = "Chewing-artifact"
    ROCKING = "Rocking-patting-artifact"
    STRAIN = "EMG-artifact"
