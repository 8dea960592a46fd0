"""The reviewed case, without widgets: what is said about a recording, edited, kept durably, and handed to exports."""

from app.study.analyses import Analysis
from app.study.edits import Update, Verb
from app.study.journal import Entry
from app.study.opening import OpenedStudy, default_author, default_folder, open_study, read_labels

__all__ = [
    "Analysis",
    "Entry",
    "OpenedStudy",
    "Update",
    "Verb",
    "default_author",
    "default_folder",
    "open_study",
    "read_labels",
]
