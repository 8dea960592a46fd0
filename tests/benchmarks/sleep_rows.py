"""The rows of the tables of sleep staging: what is shown to which network, and what the paper says of it."""

from dataclasses import dataclass

N_FOLDS = {"cross": 3, "within": 2}


@dataclass(frozen=True)
class Row:
    """One row of the table: what is shown to which network, and what the paper says of it, as balanced accuracy."""

    title: str
    eeg: bool = True
    bold: bool = True
    fusion: str = "gate"
    eeg_dropout: float = 0.5
    aligned: bool = True
    baseline: bool = False
    paper_cross: float | None = None
    paper_within: float | None = None


#: The poster's figures; of fusion across subjects it says 0.5830 and, two sentences on, 0.589.
ROWS = {
    "eeg": Row("EEG only", bold=False, paper_cross=0.5883, paper_within=0.7120),
    "fmri": Row("fMRI only", eeg=False, paper_cross=0.4851),
    "fused": Row("gated fusion", paper_cross=0.5830, paper_within=0.7200),
    "eeg-trees": Row("EEG, extra-trees on band power", bold=False, baseline=True, paper_cross=0.5883 - 0.128),
    "fmri-trees": Row("fMRI, extra-trees on connectivity", eeg=False, baseline=True, paper_cross=0.4851 - 0.117),
    "concatenation": Row("fusion by concatenation", fusion="concatenation"),
    "no-dropout": Row("gated fusion, without EEG dropout", eeg_dropout=0.0),
    "no-alignment": Row("gated fusion, without Euclidean alignment", aligned=False),
}
#: What is measured, in the order of what matters most.
PLAN = (
    *(("naps", "cross", row) for row in ("fmri-trees", "eeg-trees", "fmri", "fused", "eeg")),
    *(("naps", "within", row) for row in ("fmri-trees", "eeg-trees", "fmri", "fused", "eeg")),
    ("naps", "cross", "no-dropout"),
    *(("nights", "cross", row) for row in ("fmri-trees", "eeg-trees", "fmri", "fused", "eeg")),
    *(("nights", "cross", row) for row in ("concatenation", "no-alignment")),
    *(("nights", "within", row) for row in ("fmri-trees", "eeg-trees", "fmri", "fused", "eeg")),
    ("nights", "cross", "no-dropout"),
)
