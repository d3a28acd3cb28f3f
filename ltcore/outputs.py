"""All files of a registration: which there are, and what writes each of them."""

from __future__ import annotations

from pathlib import Path

from .config import RegistrationJob
from .errors import OutputError
from .gcp import gcp_set_from, write_gcps_vrt, write_points
from .output_folder import OutputFolder, Writer, Writers
from .progress import Progress
from .raster.tie_points import write_tie_points
from .raster.write import target_for, warp_raster
from .record import run_record, write_record
from .report import write_report
from .result import RegistrationResult, TransformFit
from .stopwatch import Stopwatch
from .summary import all_files, planned_files


def check_out_dir(job: RegistrationJob, *others: Path) -> None:
    """Refuses, before any work, a folder that the outputs cannot or must not go to.

    Args:
        job: the registration.
        others: inputs beside its rasters.

    Raises:
        InputError: see OutputFolder.check.
    """
    _folder(job, *others).check()


def write_outputs(result: RegistrationResult, progress: Progress) -> dict[str, Path]:
    """Writes all files of a registration into its folder and returns output name -> path.

    A file that is missing for a reason is explained by ltcore.summary.notes. What writing takes is added to the
    result's seconds, as stages "write" and "report".

    Raises:
        InputError: see check_out_dir.
        OutputError: a file cannot be written, or another run is writing into the folder.
        CancelledError: the user cancelled; the folder is as before.
    """
    names = planned_files(result)
    writers: Writers = {
        "tie_points": lambda path, _: write_tie_points(path, result),
        "points_file": lambda path, _: write_points(path, gcp_set_from(result), result.sensed_grid),
        "gcps_vrt": lambda path, _: write_gcps_vrt(
            path, gcp_set_from(result), result.job.sensed.path, home=result.job.out_dir
        ),
        "warped": lambda path, part: _write_warped(path, result, part),
        "report": lambda path, part: write_report(path, result, part),
        "record": lambda path, _: write_record(path, run_record(result, names)),
    }
    watch = Stopwatch(result.seconds, result.cpu_seconds)
    timed = {name: _timed(watch, "report" if name == "report" else "write", write) for name, write in writers.items()}
    return _folder(result.job).write(names, timed, progress)


def _timed(watch: Stopwatch, stage: str, write: Writer) -> Writer:
    def write_in_stage(path: Path, progress: Progress) -> None:
        with watch.stage(stage):
            write(path, progress)

    return write_in_stage


def _folder(job: RegistrationJob, *others: Path) -> OutputFolder:
    inputs = job.reference.path, job.sensed.path, *others
    return OutputFolder(job.out_dir, tuple(all_files().values()), inputs, job.config.output.overwrite)


def _write_warped(path: Path, result: RegistrationResult, progress: Progress) -> None:
    if not isinstance(result.fit, TransformFit):
        raise OutputError("No warped raster was written.", "There is no transform.")
    transform, output = result.fit.transform, result.job.config.output
    target = target_for(output.grid, result.reference_grid, result.sensed_grid, transform)
    warp_raster(result.job.sensed.path, path, transform, target, output.resampling, progress)
