"""What users choose once, in Settings > Options > LTFormer; the Python also stands under Processing > Providers."""

from __future__ import annotations

from qgis.core import QgsSettings

PYTHON_SETTING = "LTFORMER_PYTHON"  # the name of the environment variable, too
_KEY = f"Processing/Configuration/{PYTHON_SETTING}"
_OWN = "ltformer/"


def python_setting() -> str:
    """Returns the path of the Python the user chose in the options, or ''."""
    return str(QgsSettings().value(_KEY, "") or "").strip()


def set_python_setting(path: str) -> None:
    """Sets the Python of the engine; '' lets the plugin find one."""
    QgsSettings().setValue(_KEY, path)


def device() -> str:
    """Returns the device that 'auto' stands for: 'auto' or one of ltcore's."""
    return str(QgsSettings().value(_OWN + "device", "") or "auto")


def backend() -> str:
    """Returns the backend that 'auto' stands for: 'auto' or one of ltcore's."""
    return str(QgsSettings().value(_OWN + "backend", "") or "auto")


def weights_folder() -> str:
    """Returns the folder in which names of weights are looked for first, or ''."""
    return str(QgsSettings().value(_OWN + "weights_folder", "") or "")


def threads() -> int:
    """Returns how many threads the engine may use; 0 for as many as there are processors."""
    try:
        return max(0, int(QgsSettings().value(_OWN + "threads", 0) or 0))
    except (TypeError, ValueError):  # somebody edited the settings by hand
        return 0


def store(**values: str | int) -> None:
    """Stores device, backend, weights_folder and threads."""
    for name, value in values.items():
        QgsSettings().setValue(_OWN + name, value)


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
