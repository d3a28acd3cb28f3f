"""All files of an assessment."""

from __future__ import annotations

from pathlib import Path

from .assess_report import write_assess_report
from .assessment import Assessment, assessment_record
from .config import RegistrationJob
from .output_folder import OutputFolder, Writers
from .progress import Progress
from .raster.offsets import write_offsets
from .record import write_record

_FILES = {"offsets": "offsets.gpkg", "report": "report.html", "record": "record.json"}


def assessment_folder(job: RegistrationJob) -> OutputFolder:
    """Returns the folder an assessment goes to."""
    inputs = job.reference.path, job.sensed.path
    return OutputFolder(job.out_dir, tuple(_FILES.values()), inputs, job.config.output.overwrite)


def write_assessment(assessment: Assessment, progress: Progress) -> dict[str, Path]:
    """Writes offsets.gpkg, report.html (if asked for) and record.json; returns output name -> path.

    Raises:
        InputError: see OutputFolder.check.
        OutputError: a file cannot be written, or another run is writing into the folder.
        CancelledError: the user cancelled; the folder is as before.
    """
    job = assessment.result.job
    names = {name: file for name, file in _FILES.items() if name != "report" or job.config.output.report}
    writers: Writers = {
        "offsets": lambda path, _: write_offsets(path, assessment),
        "report": lambda path, part: write_assess_report(path, assessment, part),
        "record": lambda path, _: write_record(path, assessment_record(assessment, names)),
    }
    return assessment_folder(job).write(names, writers, progress)
