"""The plugin as QGIS loads and unloads it, with and without a main window."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication

from ltformer_qgis import plugin as plugin_module
from ltformer_qgis.plugin import LTFormerPlugin


def provider_ids():
    return [provider.id() for provider in QgsApplication.processingRegistry().providers()]


def test_without_a_window_only_the_provider_is_added(qgis_processing):
    plugin = LTFormerPlugin(None)
    plugin.initProcessing()
    assert "ltformer" in provider_ids()
    plugin.unload()
    assert "ltformer" not in provider_ids()


def test_with_a_window_two_menu_entries_open_the_dialogs_and_unload_leaves_nothing(
    qgis_processing, qgis_iface, monkeypatch
):
    import processing  # noqa: PLC0415 - QGIS's, there only once it is initialised

    entries, opened = {}, []
    monkeypatch.setattr(qgis_iface, "addPluginToRasterMenu", lambda menu, action: entries.update({action: menu}))
    monkeypatch.setattr(qgis_iface, "removePluginRasterMenu", lambda menu, action: entries.pop(action))
    monkeypatch.setattr(processing, "execAlgorithmDialog", lambda name, _parameters: opened.append(name))
    plugin = LTFormerPlugin(qgis_iface)
    plugin.initGui()
    for action in entries:
        action.trigger()
    assert opened == ["ltformer:match", "ltformer:checkenvironment"]
    plugin.unload()
    assert not entries
    assert "ltformer" not in provider_ids()


def test_loading_again_and_again_leaves_nothing_registered(qgis_processing, qgis_iface, monkeypatch):
    from processing.core.ProcessingConfig import ProcessingConfig  # noqa: PLC0415 - as above

    pages, translators = [], []
    monkeypatch.setattr(qgis_iface, "registerOptionsWidgetFactory", pages.append, raising=False)
    monkeypatch.setattr(qgis_iface, "unregisterOptionsWidgetFactory", pages.remove, raising=False)
    monkeypatch.setattr(QCoreApplication, "installTranslator", translators.append)
    monkeypatch.setattr(QCoreApplication, "removeTranslator", translators.remove)
    monkeypatch.setattr(plugin_module, "installed_translator", lambda _locale: translators.append("ours") or "ours")
    registry = QgsApplication.processingRegistry()
    listeners = registry.receivers(registry.providerAdded)
    for _ in range(3):
        plugin = LTFormerPlugin(qgis_iface)
        plugin.initGui()
        assert len(pages) == len(translators) == 1
        assert "LTFORMER_PYTHON" in ProcessingConfig.settings
        plugin.unload()
        assert pages == translators == []
        assert "LTFORMER_PYTHON" not in ProcessingConfig.settings
        assert "ltformer" not in provider_ids()
        assert registry.receivers(registry.providerAdded) == listeners
