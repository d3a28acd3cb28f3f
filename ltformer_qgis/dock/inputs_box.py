"""The choosers: two layers, their bands, how to match; and Run, Cancel, progress."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsMapLayer, QgsRasterLayer
from qgis.gui import QgsMapLayerComboBox, QgsRasterBandComboBox
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from ..compat import RASTER_LAYERS
from ..core import ALL_MODELS
from ..layers import LUMINANCE, InputProblem
from ..texts import tr

_DESCRIPTORS = ("ltformer", "rootsift")


class InputsBox(QWidget):
    """What to match. It holds no state of its own but the widgets'.

    Signals:
        run_wanted: Run was pressed.
        cancel_wanted: Cancel was pressed.
    """

    run_wanted = pyqtSignal()
    cancel_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(3)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.reference, self.reference_band = self._choosers(form, tr("&Reference"), tr("The raster that stays"))
        self.sensed, self.sensed_band = self._choosers(form, tr("&Sensed"), tr("The raster that is brought onto it"))
        self._add_settings(form)
        self._add_buttons(form)
        self._add_progress(form)
        self.show_idle("")

    def _add_settings(self, form: QFormLayout) -> None:
        self.transform = QComboBox()
        self.transform.addItem(tr("auto"), "auto")
        for model in ALL_MODELS:
            self.transform.addItem(model, model)
        self.descriptor = QComboBox()
        for name in _DESCRIPTORS:
            self.descriptor.addItem(name, name)
        self._row(
            form,
            tr("&Transform"),
            self.transform,
            tr("Family of the transform; 'auto' takes the simplest that explains left-out tie points"),
        )
        self._row(form, tr("&Descriptor"), self.descriptor, tr("How keypoints are compared"))

    def _add_buttons(self, form: QFormLayout) -> None:
        self.run_button = QPushButton(tr("Ru&n"))
        self.run_button.setToolTip(tr("Find tie points between both layers"))
        self.run_button.clicked.connect(self.run_wanted)
        self.cancel_button = QPushButton(tr("&Cancel"))
        self.cancel_button.setToolTip(tr("Stop what the engine is doing"))
        self.cancel_button.clicked.connect(self.cancel_wanted)
        buttons = QHBoxLayout()
        buttons.addWidget(self.run_button)
        buttons.addWidget(self.cancel_button)
        form.addRow(buttons)

    def _add_progress(self, form: QFormLayout) -> None:
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.bar.setAccessibleName(tr("Progress"))
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.device = QLabel()
        self.device.setWordWrap(True)
        for widget in (self.bar, self.status, self.device):
            form.addRow(widget)

    def _choosers(self, form: QFormLayout, label: str, help_text: str) -> tuple[Any, Any]:
        layer, band = QgsMapLayerComboBox(), QgsRasterBandComboBox()
        layer.setFilters(RASTER_LAYERS)
        for chooser in (layer, band):  # long names must not widen the dock
            chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            chooser.setMinimumContentsLength(6)
        band.setShowNotSetOption(True, tr("luminance"))
        band.setToolTip(tr("Band to compare; 'luminance' mixes the visible bands"))
        band.setAccessibleName(tr("Band"))
        layer.layerChanged.connect(lambda chosen: self._follow(band, chosen))
        self._follow(band, layer.currentLayer())
        row = QHBoxLayout()
        row.addWidget(layer, 3)
        row.addWidget(band, 2)
        name = QLabel(label)
        name.setBuddy(layer)
        layer.setToolTip(help_text)
        layer.setAccessibleName(help_text)
        form.addRow(name, row)
        return layer, band

    @staticmethod
    def _follow(band: QgsRasterBandComboBox, layer: QgsMapLayer | None) -> None:
        band.setLayer(layer)
        if isinstance(layer, QgsRasterLayer):
            band.setBand(-1 if layer.bandCount() >= 3 else 1)

    @staticmethod
    def _row(form: QFormLayout, label: str, widget: QComboBox, help_text: str) -> None:
        widget.setToolTip(help_text)
        widget.setAccessibleName(help_text)
        widget.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        widget.setMinimumContentsLength(10)
        form.addRow(label, widget)

    def layers(self) -> tuple[QgsRasterLayer, QgsRasterLayer]:
        """Returns the chosen layers. Raises InputProblem where one is missing."""
        chosen = self.reference.currentLayer(), self.sensed.currentLayer()
        if None in chosen:
            raise InputProblem(tr("Choose two raster layers; add them to the project first."))
        return chosen

    def bands(self) -> tuple[Any, Any]:
        """Returns the chosen bands: 1-based numbers or "luminance"."""
        numbers = self.reference_band.currentBand(), self.sensed_band.currentBand()
        return tuple(LUMINANCE if number < 1 else number for number in numbers)

    def config(self) -> dict[str, Any]:
        """Returns the settings as ltcore's RegistrationConfig in JSON."""
        return {
            "fit": {"transform": self.transform.currentData()},
            "features": {"descriptor": self.descriptor.currentData()},
        }

    def choose(self, reference: QgsMapLayer | None, sensed: QgsMapLayer | None, job: dict[str, Any]) -> None:
        """Shows the layers and bands of a session."""
        for layer, chooser, band, role in (
            (reference, self.reference, self.reference_band, "reference"),
            (sensed, self.sensed, self.sensed_band, "sensed"),
        ):
            if layer is not None:
                chooser.setLayer(layer)
                number = job.get(role, {}).get("band")
                if number is not None:
                    band.setBand(-1 if number == LUMINANCE else int(number))

    def show_busy(self, fraction: float, message: str) -> None:
        """Shows how far the engine is."""
        self.run_button.setEnabled(False)
        self.cancel_button.setEnabled(True)
        self.bar.setVisible(True)
        self.bar.setValue(round(100 * fraction))
        self.status.setText(message)
        self.status.setVisible(bool(message))

    def show_idle(self, message: str) -> None:
        """Shows that nothing runs, and perhaps a sentence."""
        self.run_button.setEnabled(True)
        self.cancel_button.setEnabled(False)
        self.bar.setVisible(False)
        self.status.setText(message)
        self.status.setVisible(bool(message))
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
