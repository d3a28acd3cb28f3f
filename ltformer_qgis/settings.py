"""What users choose once: the Python of the engine, shown under Options > Processing > Providers."""

from __future__ import annotations

from qgis.core import QgsSettings

PYTHON_SETTING = "LTFORMER_PYTHON"  # the name of the environment variable, too
_KEY = f"Processing/Configuration/{PYTHON_SETTING}"


def python_setting() -> str:
    """Returns the path of the Python the user chose in the options, or ''."""
    return str(QgsSettings().value(_KEY, "") or "").strip()


def add_options(group: str, description: str) -> None:
    """Shows the setting in the options of Processing; does nothing where Processing is not loaded."""
    try:
        from processing.core.ProcessingConfig import ProcessingConfig, Setting  # noqa: PLC0415 - may be absent
    except ImportError:
        return
    ProcessingConfig.addSetting(Setting(group, PYTHON_SETTING, description, "", valuetype=Setting.STRING))
    ProcessingConfig.readSettings()


def remove_options() -> None:
    """Takes the setting out of the options again; its value stays."""
    try:
        from processing.core.ProcessingConfig import ProcessingConfig  # noqa: PLC0415 - may be absent
    except ImportError:
        return
    if PYTHON_SETTING in ProcessingConfig.settings:  # when QGIS closes, Processing goes first with all its settings
        ProcessingConfig.removeSetting(PYTHON_SETTING)
