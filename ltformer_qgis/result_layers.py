"""What the project gets of a run: layers with a style of their own, together in one group of the layer tree."""

# ruff: noqa: D102 - QGIS calls these methods, and its documentation says what they return

from __future__ import annotations

import collections
from pathlib import Path

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsLayerTreeGroup,
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingLayerPostProcessorInterface,
    QgsProject,
    QgsRuleBasedRenderer,
    QgsVectorLayer,
)

from .texts import PLUGIN_FOLDER, marked, tr

STYLES_FOLDER = PLUGIN_FOLDER / "styles"
_LABELS = (marked("outlier"), marked("over 2 px"))  # of the rules in the styles: the others are numbers


class ResultLayer(QgsProcessingLayerPostProcessorInterface):
    """Styles one loaded layer and moves it into the group of its run.

    Args:
        style: name of a style in the plugin's folder `styles`, or '' for QGIS's own.
        group: name of the group, or '' for none.
        has_crs: whether the reference has one. Formats and QGIS itself make one up for a layer without CRS; drawn
            with that, points would leave the plain image they belong to.
    """

    def __init__(self, style: str, group: str, *, has_crs: bool = True) -> None:
        super().__init__()
        self._style, self._group, self._has_crs = style, group, has_crs

    def postProcessLayer(self, layer: QgsMapLayer, context: QgsProcessingContext, _feedback: object) -> None:
        if not self._has_crs:
            layer.setCrs(QgsCoordinateReferenceSystem())
        if self._style and isinstance(layer, QgsVectorLayer):
            apply_style(layer, self._style)
        if self._group and context is not None and context.project() is not None:
            _move_into_group(layer, context.project(), self._group)


def apply_style(layer: QgsVectorLayer, style: str) -> None:
    """Gives a layer a style of the plugin, its labels in the user's language."""
    layer.loadNamedStyle(str(STYLES_FOLDER / f"{style}.qml"))
    renderer = layer.renderer()
    if isinstance(renderer, QgsRuleBasedRenderer):
        for rule in renderer.rootRule().children():
            rule.setLabel(tr(rule.label()))
    layer.triggerRepaint()


# QGIS asks when the algorithm is gone, and the context, which keeps no reference, deletes each in the end: one a layer.
_alive: collections.deque[ResultLayer] = collections.deque(maxlen=1000)


def on_loading(
    context: QgsProcessingContext, layer_id: str | None, result: tuple[str, str], has_crs: bool = True
) -> None:
    """Tells QGIS how to present a layer that it will load when the run is over; does nothing for one it will not.

    Args:
        context: of the run.
        layer_id: the layer's id or path, as it stands in the results.
        result: style and group, see ResultLayer.
        has_crs: see ResultLayer.
    """
    if not layer_id or not context.willLoadLayerOnCompletion(layer_id):
        return
    details = context.layerToLoadOnCompletionDetails(layer_id)
    style, group = result
    if hasattr(details, "groupName"):  # QGIS 3.32 and later sort the layers into groups themselves
        details.groupName, group = group, ""
    _alive.append(ResultLayer(style, group, has_crs=has_crs))
    details.setPostProcessor(_alive[-1])


def load_raster(context: QgsProcessingContext, path: Path, group: str) -> None:
    """Lets QGIS add a raster to the context's project when the run is over, in a group; nothing without a project."""
    if context.project() is None:
        return
    details = QgsProcessingContext.LayerDetails(path.stem, context.project(), "")
    context.addLayerToLoadOnCompletion(str(path), details)
    on_loading(context, str(path), ("", group))


def group_name(sensed: str, reference: str = "") -> str:
    """Returns the name of the group of a run, from the names of its rasters."""
    names = [Path(name).stem for name in (sensed, reference) if name]
    return "LTFormer: " + " → ".join(names)


def _move_into_group(layer: QgsMapLayer, project: QgsProject, name: str) -> None:
    """Moves a layer that stands right below the root; one that the user's options put elsewhere stays there."""
    root = project.layerTreeRoot()
    node = root.findLayer(layer.id())
    if node is None or node.parent() != root:
        return
    group: QgsLayerTreeGroup = root.findGroup(name) or root.insertGroup(0, name)
    group.insertChildNode(0, node.clone())
    root.removeChildNode(node)
