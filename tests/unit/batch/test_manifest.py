"""Manifests: what they may say, and that nothing in them reaches beyond the output folder."""

import string
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltcore.batch import manifest
from ltcore.batch.manifest import COLUMNS, read_manifest
from ltcore.cli import cli
from ltcore.errors import InputError

OUT = Path("/results")
HEAD = "reference,sensed,id"


@pytest.fixture
def read(tmp_path):
    def read(text, encoding="utf-8"):
        path = tmp_path / "pairs.csv"
        path.write_bytes(text.encode(encoding))
        return read_manifest(path, OUT)

    return read


def read_text(folder, text):
    path = folder / "pairs.csv"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return read_manifest(path, OUT)


def test_a_row_without_options_is_what_register_does_by_default(read, tmp_path):
    (pair,) = read("reference,sensed\nred.tif,sub/nir.tif\n")
    assert pair.id == "pair-000001"
    assert pair.job.out_dir == OUT / "pair-000001"
    assert (pair.job.reference.path, pair.job.reference.band) == (tmp_path / "red.tif", "luminance")
    assert (pair.job.sensed.path, pair.job.sensed.band) == (tmp_path / "sub" / "nir.tif", 1)
    assert pair.job.config.fit.transform == "auto"


def test_options_of_register_go_where_they_belong(read, tmp_path):
    head = "reference,sensed,id,sensed-band,transform,max_offset,seed,warp,min_verdict,aoi,weights,device"
    (pair,) = read(f"{head}\na.tif,b.tif,x,2,affine,250 m,7,no,fail,area.gpkg,own.safetensors,cpu\n")
    config = pair.job.config
    assert (pair.id, pair.job.sensed.band, pair.job.aoi) == ("x", 2, tmp_path / "area.gpkg")
    assert (config.fit.transform, config.fit.seed, config.match.max_offset) == ("affine", 7, "250m")
    assert (config.output.warp, config.output.min_verdict) == (False, "FAIL")
    assert (config.features.weights, config.features.device) == (str(tmp_path / "own.safetensors"), "cpu")


def test_every_option_of_register_is_a_column():
    options = {option.name for option in cli.commands["register"].params}
    # These are of the run, not of a pair.
    of_the_run = {"out_dir", "overwrite", "replay", "as_json"}
    assert options - of_the_run == set(COLUMNS) - {"id", "config"} | {"config_file"}


def test_a_settings_file_holds_what_has_no_column_and_cells_overrule_it(read, tmp_path):
    (tmp_path / "strict.json").write_text(
        '{"verdict": {"fail_heldout_px": 0.5}, "fit": {"seed": 3, "transform": "tps"}}'
    )
    first, second = read("reference,sensed,config,seed\na,b,strict.json,4\na,b,,\n")
    assert first.job.config.verdict.fail_heldout_px == 0.5
    assert (first.job.config.fit.seed, first.job.config.fit.transform) == (4, "tps")
    assert second.job.config.fit.transform == "auto"
    with pytest.raises(InputError, match=r"Row 2.*none\.json"):
        read("reference,sensed,config\na,b,none.json\n")


def test_spreadsheets_write_a_mark_first_and_end_lines_their_way(read):
    assert [pair.id for pair in read("\ufeffreference,sensed,id\r\na,b,one\r\n,,\r\n\r\na,c,two\r\n")] == ["one", "two"]


def test_absolute_paths_and_names_of_gdal_stay_as_they_are(read):
    (pair,) = read('reference,sensed\n/data/a.tif,"NETCDF:""b.nc"":nir"\n')
    assert pair.job.reference.path == Path("/data/a.tif")
    assert str(pair.job.sensed.path) == 'NETCDF:"b.nc":nir'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["no column 'reference'"]),
        ("reference,sensed\n", ["names no pair"]),
        ("reference,sensed,colour\na,b,red\n", ["'colour'", "max_offset", "first row"]),
        ("reference;sensed\na;b\n", ["reference;sensed", "commas"]),
        ("reference,sensed,sensed\na,b,c\n", ["twice"]),
        (f"{HEAD}\na,,x\n", ["Row 2", "'sensed' is empty"]),
        (f"{HEAD}\na,b\n", ["Row 2", "2 cells", "3"]),
        (f"{HEAD}\na,b,x,y\n", ["Row 2", "4 cells"]),
        (f"{HEAD}\na,b,x\n\na,c,X\n", ["Row 4", "row 2"]),
        (f"{HEAD}\na,b,pair-000002\na,b,\n", ["Row 3", "row 2"]),
        (f'{HEAD}\na,b,"x\n', ["CSV"]),
        (f"{HEAD}\na,b\x00,x\n", ["Row 2" if sys.version_info >= (3, 11) else "CSV"]),
        (f'{HEAD}\na,"b\nc",x\n', ["control characters"]),
        (f"{HEAD}\na,{'b' * 5000},x\n", ["4096"]),
        ("reference,sensed,max_offset\na,b,nan\n", ["Row 2", "max_offset", "nan"]),
        ("reference,sensed,max_tie_points\na,b,NaN\n", ["Row 2", "max_tie_points"]),
        ("reference,sensed,seed\na,b,-1\n", ["Row 2", "seed"]),
        ("reference,sensed,transform\na,b,bendy\n", ["Row 2", "transform", "bendy"]),
        ("reference,sensed,sensed_band\na,b,x\n", ["Row 2", "band"]),
        ("reference,sensed,warp\na,b,perhaps\n", ["Row 2", "warp"]),
    ],
)
def test_what_cannot_be_used_is_named(read, text, words):
    with pytest.raises(InputError) as caught:
        read(text)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["..", "../x", "a/b", "a\\b", "/etc", ".hidden", "-rf", "NUL", "con.txt", "x.", "a b", "=1+1", "é", "a" * 81],
)
def test_ids_that_are_no_plain_folder_are_refused(read, name):
    with pytest.raises(InputError, match=r"Row 2.*folder"):
        read(f"{HEAD}\na,b,{name}\n")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_other_encodings_are_refused(read, encoding):
    with pytest.raises(InputError, match="UTF-8"):
        read("reference,sensed\nä.tif,b.tif\n", encoding)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputError, match="could not be read"):
            read_manifest(path, OUT)


def test_there_are_limits(read, monkeypatch):
    monkeypatch.setattr(manifest, "MAX_PAIRS", 2)
    assert len(read("reference,sensed\n" + "a,b\n" * 2)) == 2
    with pytest.raises(InputError, match="more than 2 pairs"):
        read("reference,sensed\n" + "a,b\n" * 3)
    monkeypatch.setattr(manifest, "MAX_BYTES", 20)
    with pytest.raises(InputError, match="limit is 20"):
        read("reference,sensed\na,b\na,b\n")


def test_no_pair_reads_what_another_writes(read):
    with pytest.raises(InputError, match=r"Row 3.*writes"):
        read(f"{HEAD}\na,b,one\n/results/x/../ONE/warped.tif,b,two\n")
    assert len(read(f"{HEAD}\na,b,one\n/results/raw/a.tif,b,two\n")) == 2


words = st.text(string.printable + "ä\x00\u202e\U0001f600", max_size=12)


@given(st.lists(st.lists(words, max_size=5), max_size=4))
def test_any_text_is_read_or_refused_and_stays_in_its_folder(tmp_path_factory, cells):
    text = "\n".join([HEAD, *(",".join(row) for row in cells)])
    try:
        pairs = read_text(tmp_path_factory.getbasetemp(), text)
    except InputError:
        return
    assert len({pair.id.casefold() for pair in pairs}) == len(pairs)
    assert all(pair.job.out_dir.parent == OUT and pair.job.out_dir.name == pair.id for pair in pairs)


@given(st.lists(st.from_regex(r"[a-z0-9][a-z0-9_-]{3,20}", fullmatch=True), min_size=1, unique=True))
def test_good_ids_come_back_in_order(tmp_path_factory, ids):
    lines = "".join(f"a.tif,b.tif,{name}\n" for name in ids)
    assert [pair.id for pair in read_text(tmp_path_factory.getbasetemp(), f"{HEAD}\n{lines}")] == ids
