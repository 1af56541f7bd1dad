"""What people and other programs read: tables, the report and the confusion page, the file of all predictions.

The numbers come from `fastgrid.evaluation`; how they were computed is not known here. See ARCHITECTURE.md.
"""

from fastgrid.report.content import ReportContent
from fastgrid.report.listing import best_table, format_best, result_line
from fastgrid.report.missed_items import MissedItem, format_missed, missed_as_json, missed_as_tsv, missed_table
from fastgrid.report.page import confusion_page, write_confusion_page
from fastgrid.report.predictions import Predictions, read_predictions, write_predictions
from fastgrid.report.rows import Candidate, ReportRow, report_rows
from fastgrid.report.training_report import report_page, write_report_page
from fastgrid.report.tsv import write_report

__all__ = [
    "Candidate",
    "MissedItem",
    "Predictions",
    "ReportContent",
    "ReportRow",
    "best_table",
    "confusion_page",
    "format_best",
    "format_missed",
    "missed_as_json",
    "missed_as_tsv",
    "missed_table",
    "read_predictions",
    "report_page",
    "report_rows",
    "result_line",
    "write_confusion_page",
    "write_predictions",
    "write_report",
    "write_report_page",
]
