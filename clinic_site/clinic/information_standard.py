"""The page about the quality of our information, by the criteria of the PIF TICK."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from clinic_site.clinic.models import Criterion, InformationPractice


@dataclass(frozen=True)
class Practice:
    """One criterion. ``missing`` says what is not done yet; the clinic's own text replaces it."""

    name: str
    question: str
    done: str
    own: str
    missing: str


def practices() -> list[Practice]:
    """Return all ten in order. One query."""
    own = dict(InformationPractice.objects.values_list("criterion", "text"))
    texts, missing = _texts(), _missing()
    return [
        Practice(
            name=str(criterion.label),
            question=texts[criterion][0],
            done=texts[criterion][1],
            own=own.get(criterion.value, ""),
            missing="" if criterion.value in own else missing.get(criterion, ""),
        )
        for criterion in Criterion
    ]


def _texts() -> dict[Criterion, tuple[str, str]]:
    """Question of each criterion, and what the site does about it in any clinic."""
    return {
        Criterion.PROCESS: (
            _("Is every page made in the same way?"),
            _(
                "Yes. A page is written, checked against its sources and signed by a clinician. The clinic’s "
                "staff can publish no page that lacks one of these, and what is still a sample says so. "
                "The site keeps every version."
            ),
        ),
        Criterion.TRAINING: (
            _("Do the people who write it know how?"),
            _("As they write, the site shows them hard words, long sentences and promises."),
        ),
        Criterion.NEED: (
            _("Does it answer what patients ask?"),
            _(
                "The pages follow what studies say patients miss most: anesthesia, the operation itself, "
                "and what to do afterward."
            ),
        ),
        Criterion.EVIDENCE: (
            _("Is it true, and up to date?"),
            _(
                "Each page names its sources and the statement that each one supports. No number is "
                "published without a source. Each page is checked again within 36 months, and says so "
                "when it is late."
            ),
        ),
        Criterion.INVOLVEMENT: (_("Do patients take part in making it?"), ""),
        Criterion.INEQUALITIES: (
            _("Does it reach people who are often left out?"),
            _(
                "The pages work on an old phone and a slow line. They need no account and no app. "
                "They can be read aloud by a screen reader, and printed. They tell what to look for on "
                "brown skin too."
            ),
        ),
        Criterion.CLARITY: (
            _("Is it easy to understand?"),
            _(
                "We measure each page. The aim is that a child of 13 can read it. "
                "What to do in an emergency is written more simply still."
            ),
        ),
        Criterion.FEEDBACK: (
            _("Can readers say what is wrong?"),
            _(
                "Yes. Each page about an operation ends with a link to report a mistake. Each report is a "
                "task on the list of our staff until somebody has dealt with it."
            ),
        ),
        Criterion.REACH: (
            _("Do people find it?"),
            _("The pages are free, and open to search engines. A link can be sent on WhatsApp."),
        ),
        Criterion.IMPACT: (
            _("Does it help?"),
            _("We do not follow readers around. The site has no tracking: it does not know who reads what."),
        ),
    }


def _missing() -> dict[Criterion, str]:
    """Gaps that only the clinic itself can close."""
    missing = {
        Criterion.TRAINING: _(
            "The clinic has not yet said how its writers and reviewers are trained for this."
        ),
        Criterion.NEED: _("The clinic has not yet asked its own patients what they need to know."),
        Criterion.INVOLVEMENT: _("No patient has yet helped to write these pages, or tested them."),
        Criterion.CLARITY: _(
            "No reader has yet tested the pages. A measure counts words; it does not understand."
        ),
        Criterion.REACH: _("There is no plan yet to reach people who do not use the internet."),
        Criterion.IMPACT: _("Nobody has yet measured whether the pages help patients to decide."),
    }
    if len(settings.LANGUAGES) == 1:
        missing[Criterion.INEQUALITIES] = _("The pages are in English only. Urdu is still missing.")
    return missing
