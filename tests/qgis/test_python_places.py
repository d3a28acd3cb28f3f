"""Where Pythons lie and what children see on Windows, macOS and Linux; wheels, sizes and proxies."""

from __future__ import annotations

from pathlib import Path

import pytest
from qgis.PyQt.QtNetwork import QNetworkProxy

from ltformer_qgis.errors import EngineError
from ltformer_qgis.proxy import variables_of
from ltformer_qgis.python_places import QgisHome, child_variables, interpreter_of_venv, interpreters_of_qgis
from ltformer_qgis.wheels import BUILDS, label_of, offline_arguments, size_of, torch_index

ROOT = Path("/plugins/ltformer")
WINDOWS = QgisHome("win32", ("C:/OSGeo4W/apps/Python39",) * 2, "C:\\OSGeo4W\\bin", "3.9")
MACOS = QgisHome("darwin", ("/opt/prefix",), "/Applications/QGIS.app/Contents/MacOS", "3.9")
LINUX = QgisHome("linux", ("/usr", "/usr"), "/usr/bin", "3.11")


def texts(qgis):
    return [path.as_posix() for path in interpreters_of_qgis(qgis)]


def test_the_interpreter_of_a_venv():
    assert interpreter_of_venv(Path("/v"), "win32") == Path("/v/Scripts/python.exe")
    for platform in ("darwin", "linux"):
        assert interpreter_of_venv(Path("/v"), platform) == Path("/v/bin/python")


def test_on_windows_it_lies_in_the_prefix():
    assert texts(WINDOWS)[0] == "C:/OSGeo4W/apps/Python39/python.exe"
    assert not [path for path in texts(WINDOWS) if "qgis" in path.lower()]


def test_on_macos_it_lies_in_the_bundle_or_its_frameworks():
    found = texts(MACOS)
    assert "/Applications/QGIS.app/Contents/MacOS/bin/python3.9" in found
    assert "/Applications/QGIS.app/Contents/MacOS/bin/python3" in found
    assert "/Applications/QGIS.app/Contents/Frameworks/bin/python3.9" in found
    assert "/Applications/QGIS.app/Contents/Frameworks/Python.framework/Versions/3.9/bin/python3.9" in found
    assert not [path for path in found if path.endswith("/QGIS")]


def test_on_linux_it_lies_in_bin():
    assert texts(LINUX)[:2] == ["/usr/bin/python3.11", "/usr/bin/python3"]


VARIABLES = {
    "PATH": "C:\\OSGeo4W\\bin;C:\\OSGeo4W\\apps\\qgis\\bin;C:\\Windows", "GDAL_DATA": "C:\\OSGeo4W\\share\\gdal",
    "PROJ_LIB": "C:\\OSGeo4W\\share\\proj", "PythonHome": "C:\\OSGeo4W\\apps\\Python39", "PYTHONPATH": "x",
    "VIRTUAL_ENV": "v", "Pip_Target": "t", "HTTPS_PROXY": "http://proxy:8080", "TEMP": "C:\\Temp",
}  # fmt: skip


def child(qgis, variables=None, **how):
    return child_variables(variables or VARIABLES, qgis, ROOT, **{"shares_qgis": True, "is_private": False, **how})


def test_on_windows_a_python_that_shares_gdal_keeps_the_folders_of_qgis():
    found = child(WINDOWS)
    assert found["PATH"] == VARIABLES["PATH"]
    assert found["GDAL_DATA"] == VARIABLES["GDAL_DATA"]
    assert not {"PythonHome", "VIRTUAL_ENV", "Pip_Target"} & set(found)
    assert (found["PYTHONPATH"], found["HTTPS_PROXY"], found["TEMP"]) == (str(ROOT), "http://proxy:8080", "C:\\Temp")


def test_on_windows_a_foreign_python_does_not_see_the_folders_of_qgis():
    found = child(WINDOWS, shares_qgis=False)
    assert found["PATH"] == "C:\\Windows"
    assert not {"GDAL_DATA", "PROJ_LIB"} & set(found)


def test_on_macos_a_foreign_python_does_not_see_the_bundle():
    path = "/Applications/QGIS.app/Contents/MacOS/bin:/usr/bin:/bin"
    assert child(MACOS, {"PATH": path}, shares_qgis=False)["PATH"] == "/usr/bin:/bin"
    assert child(MACOS, {"PATH": path})["PATH"] == path


def test_on_linux_gdal_finds_its_own_data_and_the_path_stays():
    found = child(LINUX, {"PATH": "/usr/bin:/bin", "GDAL_DATA": "/elsewhere", "__PYVENV_LAUNCHER__": "x"})
    assert found == {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}


def test_the_users_own_packages_do_not_come_before_those_of_the_private_environment():
    assert child(LINUX, is_private=True)["PYTHONNOUSERSITE"] == "1"
    assert "PYTHONNOUSERSITE" not in child(LINUX)


@pytest.mark.parametrize(
    ("build", "platform", "index"),
    [
        ("cpu", "linux", "https://download.pytorch.org/whl/cpu"),
        ("cuda", "linux", None),
        ("cpu", "win32", None),
        ("cuda", "win32", "https://download.pytorch.org/whl/cu126"),
        ("cpu", "darwin", None),
    ],
)
def test_each_build_has_its_index(build, platform, index):
    assert torch_index(build, platform) == index


def test_what_cannot_be_had_is_refused(tmp_path):
    with pytest.raises(EngineError, match="no PyTorch for CUDA on macOS"):
        torch_index("cuda", "darwin")
    with pytest.raises(EngineError, match=r"wheels '.*none' does not exist"):
        offline_arguments(tmp_path / "none")
    assert offline_arguments(None) == []
    assert offline_arguments(tmp_path) == ["--no-index", "--find-links", str(tmp_path)]


def test_sizes_are_told_before():
    for build in BUILDS:
        size = size_of(build)
        assert f"{size.download_gb:g} GB to download, {size.disk_gb:g} GB on disk" in label_of(build)


def test_the_proxy_of_qgis_is_that_of_pip():
    kinds = QNetworkProxy.ProxyType
    found = variables_of(
        QNetworkProxy(kinds.HttpProxy, "proxy.example", 3128, "me", "p@ss:word"), ["https://in.example/"]
    )
    assert found["HTTPS_PROXY"] == found["http_proxy"] == "http://me:p%40ss:word@proxy.example:3128"
    assert found["NO_PROXY"] == "in.example"
    assert (
        variables_of(QNetworkProxy(kinds.Socks5Proxy, "s.example", 1080), [])["HTTPS_PROXY"]
        == "socks5h://s.example:1080"
    )
    for kind in (kinds.NoProxy, kinds.DefaultProxy):
        assert variables_of(QNetworkProxy(kind, "x.example", 1), []) == {}
