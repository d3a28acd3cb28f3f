"""The page 'LTFormer' of QGIS's Options dialog: the engine's Python, device, backend, weights, threads; its state."""

# ruff: noqa: D102 - QGIS calls these methods, and its documentation says what they return

from __future__ import annotations

from qgis.core import QgsApplication, QgsTask
from qgis.gui import QgsFileWidget, QgsOptionsPageWidget, QgsOptionsWidgetFactory
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from . import engine, settings
from .algorithms.match_parameters import CHOICES
from .errors import EngineCancelled, EngineError
from .texts import tr

_DEVICES = ("auto", "cpu", "cuda", "cuda:1", "mps")


class LTFormerOptions(QgsOptionsWidgetFactory):
    """Makes the page when the user opens the dialog."""

    def __init__(self, icon: QIcon) -> None:
        super().__init__()
        self._icon = icon
        self.setTitle("LTFormer")

    def icon(self) -> QIcon:
        return self._icon

    def createWidget(self, parent: QWidget) -> OptionsPage:
        return OptionsPage(parent)


class OptionsPage(QgsOptionsPageWidget):
    """Shows the settings, stores them when the user accepts, and says whether the engine runs and on what."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("ltformer_options")
        self.python = _file_widget(QgsFileWidget.StorageMode.GetFile, tr("found by itself"))
        self.device, self.backend = QComboBox(), QComboBox()
        self.device.addItems(_DEVICES)
        self.device.setEditable(True)
        self.backend.addItems(CHOICES["BACKEND"])
        self.weights_folder = _file_widget(QgsFileWidget.StorageMode.GetDirectory, tr("that of the plugin"))
        self.threads = QSpinBox()
        self.threads.setRange(0, 256)
        self.threads.setSpecialValueText(tr("all processors"))
        self.state = QLabel()
        self.state.setObjectName("ltformer_state")
        self.state.setWordWrap(True)
        self.state.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.check, self.set_up = QPushButton(tr("Check")), QPushButton(tr("Set up environment…"))
        self.check.clicked.connect(self.ask)
        self.set_up.clicked.connect(_open_setup)
        self._question: EngineQuestion | None = None
        self._lay_out()
        self._show_settings()
        self.ask()

    def _lay_out(self) -> None:
        form = QFormLayout()
        for label, widget, tip in (
            (
                tr("Python of the engine"),
                self.python,
                tr("A Python with PyTorch, OpenCV and GDAL; empty: found by itself."),
            ),
            (tr("Device"), self.device, tr("What 'auto' in the algorithms stands for.")),
            (tr("Backend"), self.backend, tr("What 'auto' in the algorithms stands for.")),
            (
                tr("Folder of weights"),
                self.weights_folder,
                tr("Weights named in the algorithms are looked for here first."),
            ),
            (tr("Threads"), self.threads, tr("How many processors the engine may use.")),
        ):
            widget.setToolTip(tip)
            form.addRow(label, widget)
        buttons = QHBoxLayout()
        buttons.addWidget(self.check)
        buttons.addWidget(self.set_up)
        buttons.addStretch()
        form.addRow(tr("State"), self.state)
        form.addRow("", buttons)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addStretch()

    def _show_settings(self) -> None:
        self.python.setFilePath(settings.python_setting())
        self.device.setCurrentText(settings.device())
        self.backend.setCurrentText(settings.backend())
        self.weights_folder.setFilePath(settings.weights_folder())
        self.threads.setValue(settings.threads())

    def apply(self) -> None:
        """Stores what the page shows; a running engine ends, as it has the old settings."""
        settings.set_python_setting(self.python.filePath().strip())
        settings.store(
            device=self.device.currentText().strip() or "auto",
            backend=self.backend.currentText(),
            weights_folder=self.weights_folder.filePath().strip(),
            threads=self.threads.value(),
        )
        engine.stop_all()

    def ask(self) -> None:
        """Asks the engine, in the background, whether it runs and which device it uses."""
        self.state.setText(tr("The engine is asked…"))
        self.check.setEnabled(False)
        self._question = EngineQuestion()
        self._question.answered.connect(self._show_state)
        QgsApplication.taskManager().addTask(self._question)

    def _show_state(self, text: str) -> None:
        self.state.setText(text)
        self.check.setEnabled(True)


class EngineQuestion(QgsTask):
    """Asks the engine for its device.

    Attributes:
        answered: a sentence for people: the device and why it is that one, or why the engine does not run.
    """

    answered = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__(tr("Asking the LTFormer engine"), QgsTask.Flag.CanCancel)
        self._text = ""

    def report(self, fraction: float, _message: str = "") -> None:
        """Takes the engine's progress."""
        self.setProgress(100 * fraction)

    def is_cancelled(self) -> bool:
        """Tells the engine whether to stop."""
        return self.isCanceled()

    def run(self) -> bool:
        try:
            self._text = engine.run("info", {}, self)["device"]["reason"]
        except EngineCancelled:
            return False
        except EngineError as error:
            self._text = str(error)
        except Exception as error:  # noqa: BLE001 - one that escaped would crash QGIS
            self._text = f"{type(error).__name__}: {error}"
        return True

    def finished(self, _ok: bool) -> None:
        self.answered.emit(self._text)


def _file_widget(mode: QgsFileWidget.StorageMode, placeholder: str) -> QgsFileWidget:
    widget = QgsFileWidget()
    widget.setStorageMode(mode)
    widget.lineEdit().setPlaceholderText(placeholder)
    return widget


def _open_setup() -> None:
    import processing  # noqa: PLC0415 - the Processing plugin may load after this one

    processing.execAlgorithmDialog("ltformer:checkenvironment", {"ACTION": 1})
