#!/usr/bin/env python3
"""Django's command line for this site."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_site.settings")
    from django.conf import settings
    from django.core.management import execute_from_command_line

    # Some commands of Django's go on without settings, and then say nothing of what is missing.
    getattr(settings, "INSTALLED_APPS")  # noqa: B009
    execute_from_command_line(sys.argv)
