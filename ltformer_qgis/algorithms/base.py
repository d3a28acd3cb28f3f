"""What all algorithms of the provider share."""

# ruff: noqa: D102 - QGIS calls these methods, and its documentation says what they return

from __future__ import annotations

from qgis.core import QgsProcessingAlgorithm, QgsProcessingParameterDefinition
from qgis.PyQt.QtGui import QIcon

from ..compat import add_advanced
from ..texts import PLUGIN_FOLDER, tr


class LTFormerAlgorithm(QgsProcessingAlgorithm):
    """An algorithm of the group 'Co-registration'."""

    def createInstance(self) -> LTFormerAlgorithm:
        return type(self)()

    def group(self) -> str:
        return tr("Co-registration")

    def groupId(self) -> str:
        return "coregistration"

    def icon(self) -> QIcon:
        return QIcon(self.svgIconPath())

    def svgIconPath(self) -> str:
        return str(PLUGIN_FOLDER / "icon.svg")

    def add(self, parameter: QgsProcessingParameterDefinition, text: str, *, advanced: bool = False) -> None:
        """Adds a parameter with its help text."""
        parameter.setHelp(text)
        if advanced:
            add_advanced(self, parameter)
        else:
            self.addParameter(parameter)

    def help_of_parameters(self) -> str:
        """Returns the help of every parameter as HTML, for the right-hand side of the dialog."""
        rows = [
            f"<h3>{parameter.description()}</h3><p>{parameter.help()}</p>"
            for parameter in self.parameterDefinitions()
            if parameter.help()
        ]
        return "\n".join(rows)
