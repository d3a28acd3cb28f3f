"""The QGIS plugin: a thin shell that asks `ltcore.worker`, in a Python of its own, for everything heavy."""
