"""The engine's progress on QGIS's feedback."""

from __future__ import annotations

from qgis.core import QgsProcessingFeedback


class FeedbackProgress:
    """Progress (0 to 1, with a message) shown by a QgsProcessingFeedback (0 to 100)."""

    def __init__(self, feedback: QgsProcessingFeedback) -> None:
        self._feedback, self._message = feedback, ""

    def report(self, fraction: float, message: str = "") -> None:
        """Moves the bar, and shows the message if it is new."""
        self._feedback.setProgress(100 * min(1.0, max(0.0, fraction)))
        if message and message != self._message:
            self._message = message
            self._feedback.setProgressText(message)

    def is_cancelled(self) -> bool:
        """Tells whether the user pressed Cancel."""
        return self._feedback.isCanceled()
