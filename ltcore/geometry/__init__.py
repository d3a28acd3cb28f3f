"""Transforms and their robust estimation."""
