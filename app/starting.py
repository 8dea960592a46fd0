"""Starting Qt: what must be set before its first import, and how the window runs."""

import os
import sys
from pathlib import Path


def has_screen() -> bool:
    """Tell whether there is a screen to show a window on."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def run_window(
    file: Path | None, study_folder: Path | None = None, *, fmri: Path | None = None, demonstration: bool = False
) -> int:
    """Show the window until it is closed; give Qt's exit code."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from app.settings import Settings
    from app.shell.splash import show_splash

    application = QApplication.instance() or QApplication(sys.argv[:1])
    application.setApplicationName("Spasmlens")
    settings = Settings()
    splash = show_splash(application, settings.theme)
    # Filters and readers take a second or two to load; something is on the screen meanwhile.
    from app.window import MainWindow

    window = MainWindow(settings, study_folder)
    window.show()
    splash.finish(window)
    # The window is on the screen before anything is read.
    if demonstration:
        QTimer.singleShot(0, window.session.open_demonstration)
    elif file is not None:
        QTimer.singleShot(0, lambda: window.session.open_file(file, fmri))
    return application.exec()
