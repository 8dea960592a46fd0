"""Lanes of networks that find no events: how probable their leading answer is along the page."""

from app.lanes.probability import ProbabilityLane
from app.lanes.tracks import ProbabilityTrack
from app.theme import Theme


class AnswerLane(ProbabilityLane):
    """Probability of an answer over the page, without a threshold: nothing begins where it is high.

    ``about`` tells what the probability is of in more words.
    """

    def __init__(self, theme: Theme, subject: str, about: str) -> None:
        super().__init__(theme, subject)
        self.about = about
        self.setAccessibleName(f"{about} over the page")

    def set_track(self, track: ProbabilityTrack | None, sentence: str = "") -> None:
        """Show a track."""
        super().set_track(track, sentence)
        self.setToolTip(self.about)

    def _paint_threshold(self, *_arguments: object, **_options: object) -> None:
        """Paint none."""
