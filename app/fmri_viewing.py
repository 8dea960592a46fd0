"""The fMRI beside the traces: the map follows the page, regions become lanes, and settings are remembered."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from app.dialogs.sentence import SentenceDialog
from app.fmri_run import FmriPhase, FmriRun
from app.lanes.region import RegionTrack
from app.panels.fmri.frames import Mode
from app.panels.fmri.words import tell_atlas
from app.panels.roi_map import RoiMap
from app.reading import ReadingPage
from app.session import Session
from app.settings import Settings
from app.shell.feature import Feature
from app.shortcuts import Needs
from app.theme import Theme
from inference.imaging.fmri_study import FmriStudy

#: More lanes would leave too little of the page to the traces.
MOST_LANES = 4


class FmriViewer(Feature):
    """Holds the map, the page and the session's fMRI to one time and one choice of regions.

    Signals
    -------
    came(True) : a run is open, or there is a sentence on why it is not: the map is worth unfolding.

    Lives in the GUI thread; ``window`` is the parent of its dialogs.
    """

    came = Signal(bool)

    def __init__(self, session: Session, page: ReadingPage, panel: RoiMap, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._page, self._panel, self._settings, self._window = session, page, panel, settings, window
        self._study: FmriStudy | None = None
        self._phase = FmriPhase.NONE
        self._labels: tuple[int, ...] = ()
        self._current = 0
        self._cursor_s = float("nan")
        session.fmri.changed.connect(self._show_run)
        page.page_changed.connect(self._follow)
        page.traces.cursor_moved.connect(self._follow_cursor)
        page.region_chosen.connect(self._choose_lane)
        page.region_dismissed.connect(self._dismiss)
        panel.region_chosen.connect(self._choose_region)
        panel.volume_shown.connect(page.set_region_volume)
        panel.time_chosen.connect(page.traces.centre_on)
        panel.offset_chosen.connect(session.fmri.set_offset)
        panel.lag_chosen.connect(self._keep_lag)
        panel.tr_chosen.connect(session.fmri.set_tr)
        panel.open_asked.connect(self._ask_run)
        panel.registration_asked.connect(self._ask_registration)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Give what each action on the fMRI does."""
        panel = self._panel
        return {
            "open_fmri": self._ask_run,
            "map_planes": lambda: panel.set_mode(Mode.PLANES),
            "map_mosaic": lambda: panel.set_mode(Mode.MOSAIC),
            "map_regions": lambda: panel.set_mode(Mode.REGIONS),
            "map_source": panel.next_source,
            "map_sides": self._flip,
            "atlas": self._explain_atlas,
        }

    def panels(self) -> Mapping[str, tuple[str, QWidget]]:
        """Bring the map."""
        return {"roi-map_panel": ("ROI map", self._panel)}

    def available(self) -> Needs:
        """Tell whether a run is open."""
        return Needs.NOTHING if self._fmri.study is None else Needs.FMRI

    def set_theme(self, theme: Theme) -> None:
        """Repaint the map."""
        self._panel.set_theme(theme)

    def close(self) -> None:
        """End the thread that draws the map."""
        self._panel.close_feed()

    @property
    def _fmri(self) -> FmriRun:
        return self._session.fmri

    @Slot()
    def _show_run(self) -> None:
        study = self._fmri.study
        is_other = study is None or self._study is None or study.volumes is not self._study.volumes
        self._study = study
        if is_other:
            self._labels, self._current = (), 0
        self._panel.show_run(self._fmri)
        self._follow()
        self._show_lanes()
        phase, before = self._fmri.phase, self._phase
        self._phase = phase
        if phase is not before and phase in (FmriPhase.READY, FmriPhase.FAILED):
            self.came.emit(True)

    @Slot()
    def _follow(self) -> None:
        """Show the time under the cursor, or else the middle of what the page shows of the recording."""
        traces, recording = self._page.traces, self._session.recording
        end_s = traces.position_s + traces.page_s
        middle_s = (traces.position_s + (end_s if recording is None else min(end_s, recording.duration_s))) / 2
        self._panel.set_time(middle_s if np.isnan(self._cursor_s) else self._cursor_s)

    @Slot(float)
    def _follow_cursor(self, time_s: float) -> None:
        self._cursor_s = time_s
        self._follow()

    @Slot(int, bool)
    def _choose_region(self, label: int, beside: bool) -> None:
        """Show a region's lane in the place of the chosen one's, or beside the others."""
        if label not in self._labels:
            kept = self._labels if beside else tuple(one for one in self._labels if one != self._current)
            self._labels = (*kept, label)[-MOST_LANES:]
        self._current = label
        self._panel.region = label
        self._show_lanes()
        self._follow()

    @Slot(int)
    def _choose_lane(self, label: int) -> None:
        self._current = label
        self._panel.select_region(label)
        self._show_lanes()

    @Slot(int)
    def _dismiss(self, label: int) -> None:
        self._labels = tuple(one for one in self._labels if one != label)
        if label == self._current:
            self._current = self._labels[-1] if self._labels else 0
            self._panel.select_region(self._current)
        self._show_lanes()

    def _show_lanes(self) -> None:
        study = self._study
        tracks = () if study is None else tuple(_track(study, label) for label in self._labels)
        self._page.set_regions(tracks, self._current, None if study is None else self._panel.volume)

    @Slot(float)
    def _keep_lag(self, lag_s: float) -> None:
        self._settings.lag_s = lag_s

    def _flip(self) -> None:
        self._panel.set_radiological(not self._panel.radiological)
        self._settings.radiological = self._panel.radiological

    @Slot()
    def _ask_run(self) -> None:
        recording, path = self._session.recording, self._session.path
        if recording is None or path is None:
            return
        images = "fMRI volumes (*.nii *.nii.gz);;All files (*)"
        name, _filter = QFileDialog.getOpenFileName(self._window, "Open fMRI", str(path.parent), images)
        if name:
            self._fmri.open(recording, Path(name))

    def _explain_atlas(self) -> None:
        SentenceDialog("The Schaefer atlas", tell_atlas(), self._panel.theme, self._window).open()

    @Slot()
    def _ask_registration(self) -> None:
        if self._study is None:
            return
        folder = str(self._study.volumes.path.parent)
        name, _filter = QFileDialog.getOpenFileName(self._window, "Registration to MNI space", folder)
        if name:
            self._fmri.register(Path(name))


def _track(study: FmriStudy, label: int) -> RegionTrack:
    assert study.series is not None
    parcel = study.atlas.parcels[label - 1]
    title = f"{parcel.short_name[3:]} {parcel.hemisphere[0].upper()}"
    unit = "z" if study.series.options.standardise else "a.u."
    alignment = study.alignment
    return RegionTrack(label, title, unit, alignment.offset_s, alignment.tr_s, study.series.values[:, label - 1])
