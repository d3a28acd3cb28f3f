"""The reader of the public VIS-NIR patch set, on a small set of the same format."""

import json

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.descriptor.vis_nir import SEQUENCES, main, read_sequence
from ltcore.errors import InputError

HEADER = "rgb,nir,type,rgb_x,rgb_y,nir_x,nir_y\n"


def _write_images(folder, seed=0, suffix=".ppm"):
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(seed)
    grey = draw.integers(0, 256, (100, 120), dtype=np.uint8)
    for name, band in (("rgb", grey), ("nir", 255 - grey)):
        cv2.imwrite(str(folder / f"0000_{name}{suffix}"), cv2.merge([band] * 3))
    return grey.astype(np.float32)


def _write_table(path, *rows):
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return path


def test_patches_lie_where_the_table_says(tmp_path):
    """x = y = 32, counted from 1, is the first position whose patch (1 to 64) lies in the image."""
    grey = _write_images(tmp_path / "country")
    table = _write_table(
        tmp_path / "country.csv",
        "0000_rgb.ppm,0000_nir.ppm,positive,32,32,32,32",
        "0000_rgb.ppm,0000_nir.ppm,negative,88,68,40,33",
    )
    (pairs,) = read_sequence(tmp_path / "country", table)
    assert pairs.same.tolist() == [True, False]
    assert np.array_equal(pairs.visible[0], grey[:64, :64])
    assert np.array_equal(pairs.nir[0], 255 - grey[:64, :64])
    assert np.array_equal(pairs.visible[1], grey[36:100, 56:120])
    assert np.array_equal(pairs.nir[1], 255 - grey[1:65, 8:72])


def test_original_tiffs_are_found_under_the_name_of_the_table(tmp_path):
    _write_images(tmp_path / "water", suffix=".tiff")
    table = _write_table(tmp_path / "water.csv", "0000_rgb.ppm,0000_nir.ppm,positive,40,40,40,40")
    assert next(read_sequence(tmp_path / "water", table)).visible.shape == (1, 64, 64)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("0000_rgb.ppm,0000_nir.ppm,positive,31,40,40,40", "outside"),
        ("0000_rgb.ppm,0000_nir.ppm,positive,40,40,40,69", "outside"),
        ("0001_rgb.ppm,0000_nir.ppm,positive,40,40,40,40", "is not in"),
        ("../secret.ppm,0000_nir.ppm,positive,40,40,40,40", "is not in"),
        ("0000_rgb.ppm,0000_nir.ppm,positive,forty,40,40,40", "no position"),
        ("0000_rgb.ppm", "is not in|no position"),
    ],
)
def test_bad_rows_are_told(tmp_path, row, complaint):
    _write_images(tmp_path / "field")
    cv2.imwrite(str(tmp_path / "secret.ppm"), np.zeros((100, 120, 3), np.uint8))
    with pytest.raises(InputError, match=complaint):
        list(read_sequence(tmp_path / "field", _write_table(tmp_path / "field.csv", row)))


def test_missing_column_and_missing_file(tmp_path):
    (tmp_path / "bad.csv").write_text("rgb,nir,type\n")
    with pytest.raises(InputError, match="no column"):
        list(read_sequence(tmp_path, tmp_path / "bad.csv"))
    with pytest.raises(InputError, match="cannot be read"):
        list(read_sequence(tmp_path, tmp_path / "none.csv"))


def test_the_protocol_reports_every_sequence_and_the_mean_of_eight(tmp_path):
    for number, sequence in enumerate(SEQUENCES):
        _write_images(tmp_path / sequence, number)
        rows = [f"0000_rgb.ppm,0000_nir.ppm,positive,{x},{x},{x},{x}" for x in (40, 60)]
        rows += ["0000_rgb.ppm,0000_nir.ppm,negative,40,40,80,66"]
        _write_table(tmp_path / f"{sequence}.csv", *rows)
    out = tmp_path / "out.json"
    done = CliRunner().invoke(main, ["--images", str(tmp_path), "--patches", str(tmp_path), "--out", str(out)])
    assert done.exit_code == 0, done.output
    errors = json.loads(out.read_text())["fpr95_percent"]
    for row in errors.values():
        assert set(row) == {*SEQUENCES, "mean"}
        assert row["mean"] == pytest.approx(np.mean([row[each] for each in SEQUENCES[1:]]), abs=1e-3)
    assert set(errors) == {"RootSIFT", "ltformer-d128"}


def test_a_folder_that_is_not_the_set_is_refused_in_words(tmp_path):
    arguments = ["--images", str(tmp_path), "--patches", str(tmp_path), "--out", str(tmp_path / "out.json")]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1
    assert "country.csv" in done.output
