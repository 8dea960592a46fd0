"""Opening a recording behind the window's back: the reading of files that may be slow, far away or broken."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.fmri.opening import StudyFiles, locate_studies, recording_of
from app.newest_job import Report
from app.study import OpenedStudy, open_study
from inference.imaging.fmri_study import FmriOptions, FmriStudy, open_fmri
from inference.recordings import fingerprint, open_recording
from inference.recordings.recording import ChannelKind, Recording
from inference.runtime.registry import PackageSurvey, survey_packages


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """What is to be opened.

    ``title`` is what the reader sees meanwhile. ``locate`` gives the file's path and may first have to make the file;
    it runs in the opening thread. ``fmri`` is the run to be opened with it, None for whichever lies beside it.
    ``tr_s`` is the TR of a run by itself as set by hand, None where its files tell it. ``study_folder`` is the study's
    own, None for the usual one; ``models_folder`` holds the networks. ``correct`` gives the reader's corrections of
    channel kinds by fingerprint.
    """

    title: str
    locate: Callable[[Report], Path]
    fmri: Path | None
    tr_s: float | None
    study_folder: Path | None
    models_folder: Path
    correct: Callable[[str], dict[str, ChannelKind]]


@dataclass(frozen=True, slots=True)
class OpenedRecording:
    """A recording ready to be read, with its study and the networks that are here.

    ``fmri`` is the run that was named or found with the recording, if one was; ``fmri_study`` the run itself where the
    recording is nothing but its signals.
    """

    path: Path
    recording: Recording
    fingerprint: str
    study: OpenedStudy
    models: PackageSurvey
    fmri: Path | None = None
    fmri_study: FmriStudy | None = None


def open_request(request: OpenRequest, report: Report) -> OpenedRecording | tuple[StudyFiles, ...]:
    """Open a recording, or give the studies that it may stand for where there are several; reads files, may be slow.

    Raises
    ------
    SpasmlensError
        It cannot be opened.
    """
    path = request.locate(report)
    studies = locate_studies(path)
    if request.fmri is not None:
        studies = tuple(dict.fromkeys(StudyFiles(study.recording, request.fmri) for study in studies))
    if len(studies) > 1:
        return studies
    path, fmri = studies[0]
    report(f"Opening {path.name} …", -1.0)
    fmri_study = None
    if path == fmri:
        options = FmriOptions(tr_s=request.tr_s)
        fmri_study = open_fmri(None, path, options, lambda sentence, fraction: report(f"{sentence} …", fraction))
    recording = open_recording(path) if fmri_study is None else recording_of(fmri_study)
    digest = fingerprint(path)
    recording.correct_kinds(request.correct(digest))
    models = survey_packages(request.models_folder)
    study = open_study(path, digest, request.study_folder, duration_s=recording.duration_s, start=recording.start)
    return OpenedRecording(path, recording, digest, study, models, fmri, fmri_study)
