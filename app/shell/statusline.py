"""The line below everything: where the reader is, how the page is drawn, what is saved, how far the analysis is."""

from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar

from app.theme import GRID_PX

HEIGHT_PX = 22


class StatusLine(QStatusBar):
    """Position and view on the left; analysis and saved state on the right."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(HEIGHT_PX)
        self.setSizeGripEnabled(False)
        self._position = self._label("Position on the page", strong=True)
        self._view = self._label("How the page is drawn")
        self._analysis = self._label("State of the analysis")
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(12 * GRID_PX)
        self._bar.hide()
        self._saved = self._label("Whether every edit is on disk")
        self.addWidget(self._position)
        self.addWidget(self._view, 1)
        for widget in (self._analysis, self._bar, self._saved):
            self.addPermanentWidget(widget)

    def set_position(self, text: str) -> None:
        """Show elapsed and clock time."""
        self._position.setText(text)

    def set_view(self, text: str) -> None:
        """Show montage, sensitivities and filters."""
        self._view.setText(text)

    def set_analysis(self, text: str, fraction: float | None = None) -> None:
        """Show how far the analysis is; no fraction, no bar."""
        self._analysis.setText(text)
        self._bar.setVisible(fraction is not None)
        self._bar.setValue(round((fraction or 0.0) * 1000))

    def set_saved(self, text: str) -> None:
        """Show that edits are on disk, or why not."""
        self._saved.setText(text)

    def _label(self, name: str, strong: bool = False) -> QLabel:
        label = QLabel()
        label.setAccessibleName(name)
        if strong:
            label.setProperty("role", "strong")
        return label
