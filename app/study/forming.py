"""The events of the networks as a study shows them: by their own rules, by chosen ones, or by one being tried out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.study.analyses import Analysis
from app.study.rules import Setting, threshold_id
from inference.labels.detections import Detection, ModelReference
from inference.runtime.cards import EventRule
from inference.runtime.detections import DetectionSource, find_near_misses, form_detections, with_threshold


@dataclass(frozen=True, slots=True, eq=False)
class FormedEvents:
    """What one network's probability amounts to by one rule; ``rule`` is None where it finds no events."""

    rule: EventRule | None
    detections: tuple[Detection, ...]
    near_misses: tuple[Detection, ...] = ()


def form_events(
    analysis: Analysis, threshold: float | None, duration_s: float | None, *, near_misses: bool = True
) -> FormedEvents:
    """Form the events of an analysis by another threshold than its own, None for its own, without the network.

    Parameters
    ----------
    duration_s : length of the recording; None ends it with the last probability.
    near_misses : whether to look for them as well, which takes ten times as long.
    """
    rule = analysis.rule
    if rule is None:
        return FormedEvents(None, analysis.detections)
    end_s = float(analysis.time_s[-1]) if duration_s is None and len(analysis.time_s) else duration_s or 0.0
    probability = analysis.probability.reshape(len(analysis.time_s), -1)[:, -1]
    source = DetectionSource(analysis.reference, analysis.calibration, analysis.channels)
    detections = analysis.detections
    if threshold is not None and threshold != rule.threshold:
        rule = with_threshold(rule, threshold)
        detections = form_detections(analysis.time_s, probability, rule, source, end_s)
    misses = find_near_misses(analysis.time_s, probability, rule, source, end_s) if near_misses else ()
    return FormedEvents(rule, detections, misses)


class ShownEvents:
    """What the current analyses amount to by the thresholds of the moment.

    Attributes
    ----------
    passing : detections by id that were shown since the analyses came, and need not be kept anywhere. None is
        forgotten: a decision may be on its way to one that has just gone.
    """

    def __init__(self, analyses: Iterable[Analysis], settings: Mapping[str, Setting], duration_s: float | None) -> None:
        self._analyses = {analysis.reference.digest: analysis for analysis in analyses}
        self._settings, self._duration_s = settings, duration_s
        self._tried: dict[str, float] = {}
        self._formed: dict[str, FormedEvents] = {}
        self.passing: dict[str, Detection] = {}
        for digest in self._analyses:
            self._form(digest)

    @property
    def detections(self) -> tuple[Detection, ...]:
        """What the networks found, in order of onset."""
        return _in_order(detection for formed in self._formed.values() for detection in formed.detections)

    @property
    def near_misses(self) -> tuple[Detection, ...]:
        """What stayed just below the thresholds, in order of onset; nothing of a network whose one is tried out."""
        return _in_order(detection for formed in self._formed.values() for detection in formed.near_misses)

    @property
    def rules(self) -> dict[str, EventRule]:
        """How the detections of each network are formed, by its name."""
        return {
            self._analyses[digest].reference.name: formed.rule
            for digest, formed in self._formed.items()
            if formed.rule is not None
        }

    def threshold_of(self, model: ModelReference) -> float | None:
        """Give the threshold that is chosen or tried out for a network, None where it has its own."""
        chosen = self._settings.get(threshold_id(model.digest))
        return self._tried.get(model.digest, None if chosen is None else chosen.value)

    def try_threshold(self, model: ModelReference, threshold: float) -> None:
        """Form a network's events by another threshold for the time being."""
        self._tried[model.digest] = threshold
        self._form(model.digest)

    def stop_trying(self) -> bool:
        """Return to the chosen thresholds; tell whether there was another."""
        tried, self._tried = self._tried, {}
        for digest in tried:
            self._form(digest)
        return bool(tried)

    def follow(self, settings: Mapping[str, Setting]) -> bool:
        """Form anew what other settings make another; tell whether any is another."""
        before, self._settings = self._settings, settings
        changed = {name for name in before.keys() | settings.keys() if before.get(name) != settings.get(name)}
        # A network that is not through yet may have one that is tried out as well.
        self._tried = {d: value for d, value in self._tried.items() if threshold_id(d) not in changed}
        for digest in self._analyses:
            if threshold_id(digest) in changed:
                self._form(digest)
        return bool(changed)

    def _form(self, digest: str) -> None:
        analysis = self._analyses.get(digest)
        if analysis is None:
            return
        threshold = self.threshold_of(analysis.reference)
        formed = form_events(analysis, threshold, self._duration_s, near_misses=digest not in self._tried)
        self._formed[digest] = formed
        self.passing.update({item.detection_id: item for item in (*formed.detections, *formed.near_misses)})


def _in_order(detections: Iterable[Detection]) -> tuple[Detection, ...]:
    return tuple(sorted(detections, key=lambda event: (event.onset_s, event.detection_id)))
