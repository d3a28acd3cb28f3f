"""No way leads to the network: neither a name nor what a file holds. A real server counts who calls."""

from __future__ import annotations

import socketserver
import threading
import zipfile

import pytest

from tests.data.make_rasters import make_raster, shifted_pair

from .engine import Engine

NAMES = [
    "/vsicurl/http://{host}/a.tif",
    "/vsicurl_streaming/http://{host}/a.tif",
    "/vsicurl?url=http%3A%2F%2F{host}/a.tif",
    "/vsizip//vsicurl/http://{host}/a.zip/a.tif",
    "/vsigzip//vsicurl/http://{host}/a.tif",
    "/vsisubfile/0_100,/vsicurl/http://{host}/a.tif",
    "/vsis3/bucket/a.tif",
    "GTIFF_DIR:1:/vsicurl/http://{host}/a.tif",
    "vrt:///vsicurl/http://{host}/a.tif",
    "http://{host}/a.tif",
    "HTTP://{host}/a.tif",
    "WMS:http://{host}/?",
    "WFS:http://{host}/",
    "PG:host=127.0.0.1 port={port} dbname=a",
    "MYSQL:a,host=127.0.0.1,port={port}",
    "<GDAL_WMS><Service name='TMS'><ServerUrl>http://{host}/a</ServerUrl></Service><DataWindow><SizeX>256</SizeX>"
    "<SizeY>256</SizeY></DataWindow></GDAL_WMS>",
]
SOURCE = "<SimpleSource><SourceFilename>{name}</SourceFilename><SourceBand>1</SourceBand></SimpleSource>"
VRT = (
    '<VRTDataset rasterXSize="256" rasterYSize="192"><VRTRasterBand dataType="Byte" band="1">{source}</VRTRasterBand>'
    "</VRTDataset>"
)
LAYER = "<OGRVRTDataSource><OGRVRTLayer name='a'><SrcDataSource>{name}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"


@pytest.fixture(scope="module")
def server():
    calls = []

    class Caller(socketserver.BaseRequestHandler):
        def handle(self):
            calls.append(self.request.recv(1000))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Caller) as listening:
        listening.daemon_threads = True
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        listening.calls = calls
        yield listening
        listening.shutdown()


@pytest.fixture(scope="module")
def engine():
    found = Engine(no_proxy="*", AWS_NO_SIGN_REQUEST="YES", AWS_VIRTUAL_HOSTING="NO", AWS_HTTPS="NO")
    yield found
    found.close()


def written(text, server):
    port = server.server_address[1]
    return text.replace("{host}", f"127.0.0.1:{port}").replace("{port}", str(port))


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return shifted_pair(tmp_path_factory.mktemp("pair"), (3.0, -2.0))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_out_is_refused(tmp_path, pair, server, engine, name):
    name = written(name, server)
    for asked in (
        engine.register(name, pair[1], tmp_path / "out"),
        engine.register(pair[0], name, tmp_path / "out"),
        engine.register(*pair, tmp_path / "out", aoi=name),
    ):
        assert asked.kind == "input", asked
    assert not server.calls
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("<")])
def test_a_file_that_leads_out_is_refused(tmp_path, pair, server, engine, name):
    name = written(name, server).replace("&", "&amp;")
    raster, layer = tmp_path / "a.vrt", tmp_path / "layer.vrt"
    raster.write_text(VRT.format(source=SOURCE.format(name=name)))
    layer.write_text(LAYER.format(name=name))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(raster, "a.vrt")
    for asked in (
        engine.register(raster, pair[1], tmp_path / "out"),
        engine.register(f"/vsizip/{tmp_path / 'a.zip'}/a.vrt", pair[1], tmp_path / "out"),
        engine.register(*pair, tmp_path / "out", aoi=str(layer)),
    ):
        assert asked.kind == "input", asked
    assert not server.calls


def test_the_description_of_a_service_is_no_raster(tmp_path, pair, server, engine):
    (tmp_path / "a.xml").write_text(written(NAMES[-1], server))
    assert engine.register(tmp_path / "a.xml", pair[1], tmp_path / "out").kind == "input"
    assert not server.calls


def test_a_schema_is_not_fetched(tmp_path, pair, server, engine):
    place = 'xsi:schemaLocation="http://a http://{host}/a.xsd"'
    (tmp_path / "a.gml").write_text(
        written(
            '<?xml version="1.0"?><a:FeatureCollection xmlns:a="http://a" xmlns:gml="http://www.opengis.net/gml" '
            f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" {place}>'
            "<gml:featureMember><a:f><gml:pos>1 2</gml:pos></a:f></gml:featureMember></a:FeatureCollection>",
            server,
        )
    )
    assert engine.register(*pair, tmp_path / "out", aoi=str(tmp_path / "a.gml")).kind == "input"
    assert not server.calls


def test_code_inside_a_raster_does_not_run(tmp_path, pair):
    mark, raster = tmp_path / "ran", tmp_path / "a.vrt"
    code = f"open({str(mark)!r}, 'w').close()\ndef f(*a, **k): pass\n"
    derived = (
        f"<PixelFunctionLanguage>Python</PixelFunctionLanguage><PixelFunctionType>f</PixelFunctionType>"
        f"<PixelFunctionCode><![CDATA[\n{code}]]></PixelFunctionCode>{SOURCE.format(name=pair[0])}"
    )
    raster.write_text(VRT.format(source=derived).replace('band="1">', 'band="1" subClass="VRTDerivedRasterBand">'))
    engine = Engine(GDAL_VRT_ENABLE_PYTHON="YES")
    try:
        assert engine.register(raster, pair[1], tmp_path / "out").kind == "input"
    finally:
        engine.close()
    assert not mark.exists()


def test_who_allows_the_network_has_it(tmp_path, pair, server):
    engine = Engine(LTCORE_NETWORK="allowed")
    try:
        assert engine.register(written(NAMES[0], server), pair[1], tmp_path / "out").kind == "input"
    finally:
        engine.close()
    assert server.calls  # and so the other tests could fail
    server.calls.clear()


def test_a_local_file_of_a_telling_name_is_read(tmp_path, engine):
    folder = tmp_path / "wms http"
    folder.mkdir()
    raster = make_raster(folder / "pg_http.tif", size=(64, 64))
    asked = engine.register(raster, raster, tmp_path / "out")
    assert "network" not in asked.text
