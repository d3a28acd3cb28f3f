"""What all algorithms of the provider share."""

# ruff: noqa: D102 - QGIS calls these methods, and its documentation says what they return

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingUtils,
    QgsProperty,
)
from qgis.PyQt.QtGui import QIcon

from ..compat import add_advanced
from ..layers import InputProblem
from ..texts import PLUGIN_FOLDER, tr


class LTFormerAlgorithm(QgsProcessingAlgorithm):
    """An algorithm of the group 'Co-registration'; its icon has the name of the algorithm."""

    def createInstance(self) -> LTFormerAlgorithm:
        return type(self)()

    def group(self) -> str:
        return tr("Co-registration")

    def groupId(self) -> str:
        return "coregistration"

    def icon(self) -> QIcon:
        return QIcon(self.svgIconPath())

    def svgIconPath(self) -> str:
        return str(PLUGIN_FOLDER / "icons" / f"{self.name()}.svg")

    def add(self, parameter: QgsProcessingParameterDefinition, text: str, *, advanced: bool = False) -> None:
        """Adds a parameter with its help text."""
        parameter.setHelp(text)
        if advanced:
            add_advanced(self, parameter)
        else:
            self.addParameter(parameter)

    def help_page(self, *paragraphs: str) -> str:
        """Returns the right-hand side of the dialog as HTML: a picture, the paragraphs, the help of each parameter."""
        picture = PLUGIN_FOLDER / "help" / f"{self.name()}.jpg"
        shown, width = (picture, 220) if picture.is_file() else (Path(self.svgIconPath()), 96)
        rows = [
            f"<h3>{parameter.description()}</h3><p>{parameter.help()}</p>"
            for parameter in self.parameterDefinitions()
            if parameter.help()
        ]
        texts = [f"<p>{paragraph}</p>" for paragraph in paragraphs]
        return "\n".join([f'<p><img src="{shown.as_uri()}" width="{width}"></p>', *texts, *rows])


Choices = Mapping[str, Sequence[str]]


def choice(name: str, label: str, choices: Choices, default: str) -> QgsProcessingParameterEnum:
    """Returns the parameter of a choice; it takes QGIS's number and, by `with_choice_numbers`, the word itself."""
    return QgsProcessingParameterEnum(name, label, list(choices[name]), defaultValue=choices[name].index(default))


def with_choice_numbers(parameters: dict[str, Any], choices: Choices) -> dict[str, Any]:
    """Returns the parameters with choices given by name ("affine") turned into QGIS's numbers."""
    return {
        name: list(choices[name]).index(value.lower())
        if isinstance(value, str) and value.lower() in choices.get(name, ())
        else value
        for name, value in parameters.items()
    }


def check_choices(parameters: dict[str, Any], choices: Choices) -> None:
    """Raises InputProblem for a choice (a number by now) that there is not: QGIS would take the first one."""
    for name, names in choices.items():
        value = parameters.get(name)
        is_default = value is None or isinstance(value, QgsProperty)
        if not is_default and str(value) not in map(str, range(len(names))):
            raise InputProblem(
                tr("'{value}' is no choice for {name}; it is one of {names}.").format(
                    value=value, name=name, names=", ".join(names)
                )
            )


def is_given(value: Any) -> bool:
    """Tells whether a parameter holds anything."""
    return value is not None and str(value) not in ("", "NULL")


def as_text(value: Any) -> str:
    """Returns what the user gave, a text or a layer, for a message."""
    return value if isinstance(value, str) else getattr(value, "name", lambda: str(value))()


def new_folder() -> Path:
    """Returns a path, not yet there, for the files of one run in QGIS's own temporary folder."""
    return Path(QgsProcessingUtils.tempFolder()) / f"ltformer_{uuid.uuid4().hex}"
