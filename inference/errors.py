"""The world's errors: each is one plain sentence for the user, naming the thing and the cause."""


class SpasmlensError(Exception):
    """A fault of the world's, not of this program: shown to the user as it stands, never with a traceback."""


class RecordingError(SpasmlensError):
    """A recording cannot be opened or read."""


class ModelPackageError(SpasmlensError):
    """A model package is missing, damaged, or not made for this runtime."""


class AnalysisError(SpasmlensError):
    """A network cannot be run on this recording."""


class TrainingError(SpasmlensError):
    """A network cannot be trained as asked."""


class StudyError(SpasmlensError):
    """A study cannot be opened, or an edit cannot be made durable."""


class LabelError(SpasmlensError):
    """Labels cannot be read or written."""


class ImagingError(SpasmlensError):
    """An image, an atlas or a registration cannot be used."""


class RepetitionTimeError(ImagingError):
    """Nothing tells how long a volume of an fMRI run takes; the user may."""
