"""Rasters: the only part of ltcore that speaks to GDAL, apart from gcp.py."""
