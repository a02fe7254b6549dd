"""``compilemessages`` without gettext's ``msgfmt``, which a new server lacks."""

from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Compile the catalogs of translations. With --check, fail if a message is missing or fuzzy."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        for path in sorted(Path(settings.LOCALE_PATHS[0]).glob("*/LC_MESSAGES/*.po")):
            catalog = polib.pofile(str(path))
            open_entries = [*catalog.untranslated_entries(), *catalog.fuzzy_entries()]
            if check and open_entries:
                raise CommandError(
                    f"{path}: {len(open_entries)} to translate, first: {open_entries[0].msgid}"
                )
            catalog.save_as_mofile(str(path.with_suffix(".mo")))
