"""Asking why: the selected event is explained, beside the traces and on them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from app.explaining.feed import ExplanationFeed
from app.explaining.requests import METHODS, ExplainRequest, why_not
from app.following import Follower
from app.panels.attribution import AttributionPanel, Explanation
from app.panels.event_queue import EventQueue
from app.panels.origin import tell_origin
from app.panels.scalogram import PowerAnswer, ScalogramPanel
from app.panels.stand import Stand
from app.reading import ReadingPage
from app.session import Session
from app.shell.feature import Feature
from app.theme import Theme
from app.traces.relevance import RelevanceLayer
from inference.explain.relevance import Relevance
from inference.recordings.recording import Recording
from inference.runtime.cards import ModelCard
from inference.runtime.package import ModelPackage

if TYPE_CHECKING:
    from inference.explain.scalogram import Scalogram
    from inference.labels.detections import Detection

_OPACITY: Final = 0.7
#: The strongest colour stands for this share of all values, so that one moment does not pale the rest.
_LIMIT_PERCENT: Final = 99.5


@dataclass(frozen=True, slots=True)
class _Question:
    """What is to be explained: a moment, which network, and the event that it is of, onset and end."""

    package: ModelPackage
    centre_s: float
    event_s: tuple[float, float] | None = None


class Explainer(Feature):
    """Explains the selected event, or the moment that is asked about, as far as anything shows it.

    Lives in the GUI thread.
    """

    def __init__(
        self,
        session: Session,
        page: ReadingPage,
        queue: EventQueue,
        *,
        follower: Follower,
        theme: Theme,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session, self._page, self._queue, self._follower = session, page, queue, follower
        self.attribution = AttributionPanel(theme, METHODS, _OPACITY)
        self.scalogram = ScalogramPanel(theme)
        self.feed = ExplanationFeed(self)
        self.is_painting = False
        self.method = METHODS[0]
        self._opacity = _OPACITY
        self._in_front: set[str] = set()
        self._question: _Question | None = None
        self._relevance: tuple[ExplainRequest, Relevance] | None = None
        self._power: tuple[ExplainRequest, Scalogram] | None = None
        self._connect()
        self._forget()

    def handlers(self) -> Mapping[str, Callable[..., object]]:
        """Give what each action on explanations does."""
        return {
            "explain_here": self._explain_moment,
            "next_method": lambda: self.choose_method(METHODS[(METHODS.index(self.method) + 1) % len(METHODS)]),
            "relevance": self.set_painting,
            "power_channel": self.scalogram.next_channel,
        }

    def panels(self) -> Mapping[str, tuple[str, QWidget]]:
        """Bring attribution and scalogram."""
        return {
            "attribution_panel": ("Attribution", self.attribution),
            "scalogram_panel": ("Scalogram", self.scalogram),
        }

    def turn_panel(self, action_id: str, in_front: bool) -> None:
        """Ask for what a panel shows only once it can be seen."""
        (self._in_front.add if in_front else self._in_front.discard)(action_id)
        self._ask()

    def set_theme(self, theme: Theme) -> None:
        """Repaint both panels."""
        self.attribution.set_theme(theme)
        self.scalogram.set_theme(theme)

    def close(self) -> None:
        """End the thread that explains."""
        self.feed.close()

    @Slot(str)
    def choose_method(self, method: str) -> None:
        """Explain by another method."""
        self.method = method
        self.attribution.show_method(method)
        self._ask()

    @Slot(bool)
    def set_painting(self, painting: bool) -> None:
        """Paint relevance on the traces, or nothing."""
        self.is_painting = painting
        self.attribution.show_painting(painting)
        self._ask()
        self._paint()

    def _connect(self) -> None:
        self._session.opened.connect(self._forget)
        self._session.closed.connect(self._forget)
        self._session.kinds_corrected.connect(self._forget)
        self._queue.selected.connect(self._follow_event)
        self.attribution.method_chosen.connect(self.choose_method)
        self.attribution.opacity_chosen.connect(self._fade)
        self.feed.explained.connect(self._take_relevance)
        self.feed.power_shown.connect(self._take_power)
        self.feed.failed.connect(self._tell_failure)

    # What is asked

    @Slot()
    def _forget(self) -> None:
        self.feed.cancel()
        self._question, self._relevance, self._power = None, None, None
        self._show_stand(Stand(self._why_nothing()))
        self._page.traces.set_relevance(None)

    @Slot(str)
    def _follow_event(self, event_id: str) -> None:
        event = self._session.find(event_id)
        if event is None:
            self._forget()
            return
        package = self._package_of(event_id, event.label)
        if package is None:
            self._forget()
            self._show_stand(Stand("The network that found this event is not installed any more."))
            return
        span_s = (event.onset_s, event.end_s)
        self._question = _Question(package, self._most_probable_s(package, *span_s), span_s)
        self._ask()

    def _explain_moment(self) -> None:
        """Ask the network of the selected event, or the first one that looks for events, about this moment."""
        if self._session.recording is None:
            return
        current = self._question.package if self._question is not None else None
        finders = [package for package in self._session.networks if package.card.events is not None]
        package = current or (finders[0] if finders else None)
        if package is not None:
            self._question = _Question(package, self._follower.moment_s)
            self._ask()

    @Slot()
    def _ask(self) -> None:
        """Ask for what is shown somewhere and not known yet."""
        recording, question = self._session.recording, self._question
        wants_power = "scalogram_panel" in self._in_front
        if recording is None or not (self._in_front or self.is_painting):
            return
        if question is None:
            self._show_stand(Stand(self._why_nothing()))
            return
        if why_not(self.method):
            self.feed.cancel()
            self._relevance = None
            self._show_stand(Stand(why_not(self.method)))
            self._paint()
            return
        request = ExplainRequest(recording, question.package, question.centre_s, self.method)
        has_relevance = _answers(self._relevance, request, with_method=True)
        has_power = not wants_power or _answers(self._power, request, with_method=False)
        self._show()
        if not (has_relevance and has_power):
            self.feed.ask(
                ExplainRequest(
                    recording, question.package, question.centre_s, self.method, not has_relevance, not has_power
                )
            )

    def _package_of(self, event_id: str, label: str) -> ModelPackage | None:
        """Find the network that found an event; of one that a person added, one that looks for its like."""
        study, networks = self._session.study, self._session.networks
        found: dict[str, Detection] = {one.detection_id: one for one in study.detections} if study is not None else {}
        detection = found.get(event_id) or self._session.analysis.found.get(event_id)
        if detection is not None:
            return next((one for one in networks if one.reference.digest == detection.model.digest), None)
        finders = [package for package in networks if package.card.events is not None]
        alike = [package for package in finders if package.card.events.label == label]
        return next(iter(alike or finders), None)

    def _most_probable_s(self, package: ModelPackage, onset_s: float, end_s: float) -> float:
        """Give the moment of an event that its network was surest of; its middle where that is not known."""
        track = self._session.analysis.tracks.get(package.card.name)
        if track is not None:
            inside = np.flatnonzero((track.time_s >= onset_s) & (track.time_s <= end_s))
            if inside.size and np.isfinite(track.probability[inside]).any():
                return float(track.time_s[inside[np.nanargmax(track.probability[inside])]])
        return (onset_s + end_s) / 2

    # What has come

    @Slot(object, object)
    def _take_relevance(self, request: ExplainRequest, relevance: Relevance) -> None:
        self._relevance = (request, relevance)
        self._show()

    @Slot(object, object)
    def _take_power(self, request: ExplainRequest, power: "Scalogram") -> None:
        self._power = (request, power)
        self._show()

    @Slot(object, str)
    def _tell_failure(self, _request: ExplainRequest, sentence: str) -> None:
        self._relevance = None
        self._show_stand(Stand(sentence, is_failure=True))
        self._paint()

    @Slot(float)
    def _fade(self, opacity: float) -> None:
        self._opacity = opacity
        self._paint()

    # What is shown

    def _show(self) -> None:
        question, recording = self._question, self._session.recording
        if question is None or recording is None:
            return
        request = ExplainRequest(recording, question.package, question.centre_s, self.method)
        card = question.package.card
        busy = Stand(f"{self.method[0].upper()}{self.method[1:]}: asking {card.title} …", -1.0)
        relevance = self._relevance[1] if _answers(self._relevance, request, with_method=True) else None
        power = self._power[1] if _answers(self._power, request, with_method=False) else None
        if relevance is None:
            self.attribution.show_stand(busy)
            self.scalogram.show_stand(busy)
        else:
            names = _name_channels(recording, relevance)
            self.attribution.show_explanation(Explanation(relevance, names, card))
            if power is None:
                self.scalogram.show_stand(busy)
            else:
                self.scalogram.show_answer(PowerAnswer(card, power, relevance, names, question.event_s))
        self._paint()

    def _show_stand(self, stand: Stand) -> None:
        self.attribution.show_stand(stand)
        self.scalogram.show_stand(stand)

    def _paint(self) -> None:
        layer = None
        recording = self._session.recording
        if self.is_painting and self._relevance is not None and recording is not None:
            request, relevance = self._relevance
            layer = make_layer(recording, relevance, request.package.card, self._opacity)
        self._page.traces.set_relevance(layer)

    def _why_nothing(self) -> str:
        if self._session.recording is None:
            return "Open a recording, and select an event to see why a network found it."
        if not any(package.card.events is not None for package in self._session.networks):
            return "Not available because no network that looks for events is installed."
        return "Select an event to see why a network found it, or press E to ask about this moment."


def make_layer(recording: Recording, relevance: Relevance, card: ModelCard, opacity: float) -> RelevanceLayer:
    """Bring relevance to the recorded channels: by their names, or by the electrodes that they stand for."""
    rows = {name: row for row, name in enumerate(relevance.channels)}
    by_electrode = {
        channel.electrode: rows[channel.name]
        for channel in recording.channels
        if channel.name in rows and channel.electrode is not None
    }
    by_channel = {}
    for index, channel in enumerate(recording.channels):
        row = rows.get(channel.name, by_electrode.get(channel.electrode, rows.get(channel.electrode or "")))
        if row is not None:
            by_channel[index] = relevance.by_channel[row]
    step_s = relevance.duration_s / max(len(relevance.time_s), 1)
    limit = float(np.percentile(np.abs(relevance.by_channel), _LIMIT_PERCENT)) or 1.0
    return RelevanceLayer(
        by_channel,
        relevance.onset_s,
        step_s * len(relevance.time_s),
        limit,
        f"{relevance.target[0].upper()}{relevance.target[1:]}, by {relevance.method}",
        f"in {1000 * step_s:.0f} ms",
        tell_origin(card),
        opacity,
    )


def _name_channels(recording: Recording, relevance: Relevance) -> tuple[str, ...]:
    """Name channels by their electrodes, as montages do; the rest as the file names them."""
    electrodes = {channel.name: channel.electrode for channel in recording.channels}
    return tuple(electrodes.get(name) or name for name in relevance.channels)


def _answers(known: "tuple[ExplainRequest, object] | None", wanted: ExplainRequest, *, with_method: bool) -> bool:
    """Tell whether what is known is of the same moment as what is wanted, and found by the same method."""
    if known is None:
        return False
    request = known[0]
    is_same_moment = (
        request.recording is wanted.recording
        and request.package is wanted.package
        and request.centre_s == wanted.centre_s
    )
    return is_same_moment and (request.method == wanted.method or not with_method)
