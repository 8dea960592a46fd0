"""The sleep report as text and rows: the same words in the panel, on the clipboard and in a file."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.panels.models import SIMULATED_WARNING
from app.sleep_night import Seizure
from app.times import elapsed_text
from inference.errors import LabelError
from inference.labels.hypnograms import Hypnogram
from inference.labels.sleep_agreement import SleepAgreement, compare_hypnograms
from inference.labels.sleep_stages import UNSCORED
from inference.labels.sleep_statistics import SleepStatistics, count_by_stage, summarize_sleep

_NONE = "–"


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A line of the report: what, its value, its unit."""

    name: str
    value: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class StageRow:
    """What the report says about a stage; ``percent`` is of the time asleep."""

    code: str
    name: str
    minutes: str
    percent: str
    latency_min: str
    spasms: str


@dataclass(frozen=True, slots=True, eq=False)
class SleepReport:
    """What is said about a night.

    ``source`` is whose stages these are; ``warning`` what must be known about them, empty where a person scored all.
    """

    source: str
    stage_set: str
    warning: str
    rows: tuple[ReportRow, ...]
    stages: tuple[StageRow, ...]
    hypnogram: Hypnogram


def make_report(source: str, hypnogram: Hypnogram, seizures: Sequence[Seizure], n_by_network: int) -> SleepReport:
    """Work out the report of a hypnogram, ``n_by_network`` epochs of which a network staged.

    Rechtschaffen and Kales's stages are reported as AASM's.
    """
    hypnogram = hypnogram.to_aasm()
    night = summarize_sleep(hypnogram)
    spasms = count_by_stage(hypnogram, [seizure.onset_s for seizure in seizures])
    n_unreviewed = sum(not seizure.is_confirmed for seizure in seizures)
    stages = tuple(
        StageRow(
            stage.code,
            stage.name,
            _number(night.stage_min[stage.code]),
            _number(night.stage_percent.get(stage.code)),
            _number(night.latency_min.get(stage.code)),
            str(spasms[stage.code]),
        )
        for stage in hypnogram.stage_set.stages
    )
    whole = n_by_network >= hypnogram.n_epochs - hypnogram.stages.count(UNSCORED)
    share = "Staged" if whole else f"{n_by_network} epochs staged"
    warning = f"{share} by a network: {SIMULATED_WARNING}" if n_by_network else ""
    return SleepReport(
        source, hypnogram.stage_set.name, warning, tuple(_rows(night, len(seizures), n_unreviewed)), stages, hypnogram
    )


def _rows(night: SleepStatistics, n_seizures: int, n_unreviewed: int) -> list[ReportRow]:
    return [
        ReportRow("Recording time (TRT)", _number(night.recording_min), "min"),
        ReportRow("Total sleep time (TST)", _number(night.sleep_min), "min"),
        ReportRow("Sleep efficiency", _number(night.efficiency_percent), "%"),
        ReportRow("Sleep onset latency (SOL)", _number(night.sleep_latency_min), "min"),
        ReportRow("REM latency", _number(night.latency_min.get("R")), "min"),
        ReportRow("Wake after sleep onset (WASO)", _number(night.wake_after_onset_min), "min"),
        ReportRow("Sleep period (SPT)", _number(night.sleep_period_min), "min"),
        ReportRow("Awakenings", str(night.n_awakenings)),
        ReportRow("Stage shifts", str(night.n_stage_shifts)),
        ReportRow("NREM-REM cycles", _NONE if night.n_cycles is None else str(night.n_cycles)),
        ReportRow("Not scored", _number(night.unscored_min), "min"),
        ReportRow("Spasms and seizures", str(n_seizures)),
        *([ReportRow("of these not reviewed yet", str(n_unreviewed))] if n_unreviewed else []),
    ]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """How two hypnograms agree, or the sentence why they cannot be compared."""

    first: str
    second: str
    agreement: SleepAgreement | None
    sentence: str
    hypnograms: tuple[Hypnogram, Hypnogram]

    def stages_at(self, time_s: float) -> tuple[str, str]:
        """Give what either says of the epoch that begins at a time."""
        first, second = self.hypnograms
        return first.stage_at(time_s + first.epoch_s / 2), second.stage_at(time_s + second.epoch_s / 2)

    @property
    def disagreements_s(self) -> tuple[float, ...]:
        """Starts of the epochs in which they differ."""
        return () if self.agreement is None else self.agreement.disagreements_s


def compare(first_name: str, first: Hypnogram, second_name: str, second: Hypnogram) -> Comparison:
    """Compare the hypnograms of two sources, the second in the stages of the first."""
    first = first.to_aasm()
    second = second.to_set(first.stage_set)
    try:
        agreement = compare_hypnograms(first, second)
    except LabelError as error:
        return Comparison(first_name, second_name, None, str(error), (first, second))
    kappa = "not defined" if math.isnan(agreement.kappa) else f"{agreement.kappa:.2f}"
    sentence = f"κ {kappa}, {agreement.agreement:.0%} of {agreement.n_epochs} epochs"
    if agreement.n_left_out:
        sentence += f"; {agreement.n_left_out} scored by one only"
    return Comparison(first_name, second_name, agreement, sentence, (first, second))


def report_text(report: SleepReport, comparison: Comparison | None, title: str) -> str:
    """Write the report as tab-separated text, for a letter or a table."""
    out = io.StringIO()
    table = csv.writer(out, dialect="excel-tab", lineterminator="\n")
    table.writerow(("Sleep report", title))
    table.writerow(("Stages of", report.source, report.stage_set))
    if report.warning:
        table.writerow(("Note", report.warning))
    table.writerow(())
    table.writerows((row.name, row.value, row.unit) for row in report.rows)
    table.writerow(())
    table.writerow(("Stage", "min", "% of TST", "latency from sleep onset, min", "spasms and seizures"))
    table.writerows((row.name, row.minutes, row.percent, row.latency_min, row.spasms) for row in report.stages)
    if comparison is not None:
        table.writerow(())
        table.writerow(("Agreement", comparison.first, comparison.second, comparison.sentence))
        agreement = comparison.agreement
        if agreement is not None:
            table.writerow((f"{comparison.first} (rows), {comparison.second} (columns)", *agreement.codes, "κ"))
            for code, row in zip(agreement.codes, agreement.confusion, strict=True):
                table.writerow((code, *row.tolist(), _number(agreement.stage_kappa[code], 2)))
            table.writerow(("Epochs that differ", *(elapsed_text(time_s, 0) for time_s in agreement.disagreements_s)))
    return out.getvalue()


def _number(value: float | None, decimals: int = 1) -> str:
    return _NONE if value is None or math.isnan(value) else f"{value:.{decimals}f}"
