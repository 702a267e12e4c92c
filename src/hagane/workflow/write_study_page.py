"""`write_study_page`: a study as one HTML page, with the settled spec of its best trial."""

from __future__ import annotations

from pathlib import Path

from hagane.spec.write_brief_yaml import write_brief_yaml
from hagane.tuning.report.study_html import study_html
from hagane.tuning.study_record import StudyRecord
from hagane.workflow.trial_spec import trial_spec
from hagane.workflow.write_text import write_text


def write_study_page(record: StudyRecord, path: Path) -> None:
    """Write the page to `path`, whole or not at all. Raises StorageError."""
    write_text(path, study_page(record))


def study_page(record: StudyRecord) -> str:
    """The page."""
    can_settle = record.best_trial is not None and bool(record.searched_spec or record.spec)
    return study_html(record, best_spec=write_brief_yaml(trial_spec(record)) if can_settle else "")
