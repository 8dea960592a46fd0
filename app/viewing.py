"""How the page is looked at: moving through time, and stepping montage, sensitivity, filters and time base."""

from collections.abc import Callable

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from app.dialogs.go_to import GoToDialog
from app.reading import ReadingPage
from app.session import Session
from app.settings import Settings
from app.shell.feature import Feature
from app.shell.viewbar import ViewBar
from app.steps import CONTROLS_BY_ID, Value, display_from_fields, display_to_fields
from app.traces.display import DisplaySettings
from inference.labels.annotations import ReadingView

#: Actions that step a control: its id and the direction.
_STEPS = {
    "montage": ("montage", 1),
    "eeg_up": ("eeg", -1),
    "eeg_down": ("eeg", 1),
    "emg_up": ("emg", -1),
    "emg_down": ("emg", 1),
    "lff": ("lff", 1),
    "lff_back": ("lff", -1),
    "hff": ("hff", 1),
    "hff_back": ("hff", -1),
    "notch": ("notch", 1),
    "page_shorter": ("page", -1),
    "page_longer": ("page", 1),
}


class Viewer(Feature):
    """Holds the page, the bar and the study to one `DisplaySettings`.

    Signals
    -------
    display_changed : the settings that are now in force.

    Lives in the GUI thread; ``window`` is the parent of its dialog.
    """

    display_changed = Signal(object)

    def __init__(self, session: Session, page: ReadingPage, bar: ViewBar, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._page, self._bar, self._settings, self._window = session, page, bar, settings, window
        self.display = display_from_fields(settings.display)
        bar.chosen.connect(self._choose)
        bar.stepped.connect(self.step)
        page.traces.display_changed.connect(self.set_display)
        self.set_display(self.display)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Give what each action of the view does."""
        traces = self._page.traces
        moves: dict[str, Callable[..., object]] = {
            "page_forward": traces.page_forward,
            "page_back": traces.page_backward,
            "step_forward": traces.step_forward,
            "step_back": traces.step_backward,
            "go_start": lambda: traces.go_to(0.0),
            "go_end": lambda: traces.go_to(self._duration_s),
            "go_to": self._ask_time,
        }
        steps = {action_id: self._stepper(*step) for action_id, step in _STEPS.items()}
        return {**moves, **steps}

    @property
    def _duration_s(self) -> float:
        return self._session.recording.duration_s if self._session.recording is not None else 0.0

    @Slot(object)
    def set_display(self, display: DisplaySettings) -> None:
        """See the page in another way; the time at its left edge stays."""
        self.display = display
        self._page.set_display(display)
        self._bar.set_display(display)
        self._settings.display = display_to_fields(display)
        self.tell_study()
        self.display_changed.emit(display)

    def tell_study(self) -> None:
        """Record with every decision in which view it was made."""
        filters = self.display.eeg_filters
        self._session.set_view(
            ReadingView(
                montage=self._page.traces.montage.name or self.display.montage,
                lff_hz=filters.lff_hz,
                hff_hz=filters.hff_hz,
                notch_hz=filters.notch_hz,
                sensitivity_uv_per_mm=self.display.eeg_uv_per_mm,
                page_s=self.display.page_s,
            )
        )

    @Slot(str, int)
    def step(self, control_id: str, direction: int) -> None:
        """Step one of the bar's controls."""
        self.set_display(CONTROLS_BY_ID[control_id].move(self.display, direction))

    @Slot(str, object)
    def _choose(self, control_id: str, value: Value) -> None:
        self.set_display(CONTROLS_BY_ID[control_id].write(self.display, value) or self.display)

    def _stepper(self, control_id: str, direction: int) -> Callable[..., object]:
        return lambda: self.step(control_id, direction)

    def _ask_time(self) -> None:
        if self._session.recording is None:
            return
        dialog = GoToDialog(self._session.recording.start, self._duration_s, self._window)
        dialog.chosen.connect(self._page.traces.go_to)
        dialog.open()
