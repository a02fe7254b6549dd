"""Print the plain-language report of every page's draft: grade, long sentences, words to avoid, promises."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from procedures.models import Page, PlainWord
from procedures.publishing import drafts
from procedures.staff import plain_language

ROW = "  {label:<42} {grade:>5}  {note}"


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--language", default="en")

    def handle(self, *args: Any, language: str, **options: Any) -> None:
        words = list(PlainWord.objects.all())
        for page in Page.objects.filter(archived_at=None).order_by("position", "pk"):
            report = plain_language.measure(drafts.read_draft(page, language), words)
            self._print(str(page), report)

    def _print(self, title: str, report: plain_language.Report) -> None:
        self.stdout.write(f"{title}: grade {_written(report.grade)} (at most {report.highest})")
        for section in report.sections:
            note = "" if not section.is_too_hard else f"grade above {section.highest}"
            self.stdout.write(
                ROW.format(label=section.label[:42], grade=_written(section.grade), note=note).rstrip()
            )
            for finding in section.findings:
                mark = "promise" if finding.is_promise else "improve"
                self.stdout.write(f"      {mark}: “{finding.words}” {finding.advice}")


def _written(grade: float | None) -> str:
    return "–" if grade is None else f"{grade:.1f}"
