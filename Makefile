# make run        set up and serve the site        make test   set up and run the whole suite
# make test-fast  no browser, no subprocess        make check  lint, format, imports, types, deployment checks
# make test-abuse hostile visitors, and faults
# make bench      measure                          make lock   pin every version and hash again
# make messages   collect what is to be translated (needs gettext)
.DEFAULT_GOAL := help
SHELL := /bin/sh
PORT ?= 8000
export PORT

PYTHON := .venv/bin/python
# The one mode that starts without secrets; nothing but these targets names it.
LOCAL := CLINIC_MODE=local
MANAGE := $(LOCAL) $(PYTHON) manage.py

PYTEST = env $(LOCAL) $(PYTHON) -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(PYTEST_OPTIONS)

.PHONY: help run test test-fast test-postgres test-abuse check bench lock format messages

help:
	@sed -n 's/^# //p' Makefile

.venv/installed: requirements.txt scripts/make-environment
	@scripts/make-environment requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt scripts/make-environment
	@scripts/make-environment requirements-dev.txt
	@touch .venv/installed $@

run: .venv/installed
	@$(MANAGE) check_port
	@$(MANAGE) set_aside_old_database
	@echo "Preparing the database …"
	@$(MANAGE) migrate --verbosity 0
	@echo "Loading the sample content …"
	@$(MANAGE) load_sample_content
	@$(MANAGE) create_first_staff
	@$(MANAGE) compilemessages
	@echo "Building the static files …"
	@$(MANAGE) collectstatic --no-input --verbosity 0
	@exec env $(LOCAL) .venv/bin/gunicorn clinic_site.wsgi

test: .venv/installed-dev
	@scripts/install-test-tools
	@echo "Running the tests …"
	@$(PYTEST) $(TESTS)

test-fast: .venv/installed-dev
	@$(PYTEST) -p no:playwright -p no:base_url --ignore=tests/browser -m "not slow" $(TESTS)

# The browser suite runs on SQLite alone: what the browser sees does not depend on the database.
test-postgres: .venv/installed-dev
	@scripts/with-postgres $(PYTEST) -m "not browser" $(TESTS)
	@scripts/with-postgres env $(LOCAL) $(PYTHON) -m pytest tests/abuse/test_faults.py -k stopped_database

# The server behind nginx under hostile visitors; and, on both databases, while something fails.
test-abuse: .venv/installed-dev
	@env $(LOCAL) ABUSE_SECONDS=60 $(PYTHON) -m pytest -s tests/abuse
	@scripts/with-postgres env $(LOCAL) ABUSE_SECONDS=60 $(PYTHON) -m pytest -s tests/abuse/test_faults.py

check: .venv/installed-dev
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@git ls-files '*.py' | xargs .venv/bin/django-upgrade --target-version 5.2
	@git ls-files 'templates/*.html' | xargs .venv/bin/djade --target-version 5.2 --check
	@.venv/bin/lint-imports --no-cache
	@$(LOCAL) .venv/bin/mypy
	@$(MANAGE) makemigrations --check --dry-run --verbosity 1
	@if command -v xgettext >/dev/null; then $(MAKE) --silent messages; fi
	@$(MANAGE) compilemessages --check
	@scripts/check-deploy

bench: .venv/installed-dev
	@$(LOCAL) $(PYTHON) -m tests.benchmarks

format: .venv/installed-dev
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .
	@git ls-files 'templates/*.html' | xargs .venv/bin/djade --target-version 5.2

# Pin every version and hash again, from the lists in pyproject.toml.
lock: .venv/installed-dev
	@.venv/bin/uv pip compile --quiet --upgrade --generate-hashes --universal --no-emit-index-url \
		--python-version 3.11 --custom-compile-command "make lock" pyproject.toml -o requirements.txt
	@.venv/bin/uv pip compile --quiet --upgrade --generate-hashes --universal --no-emit-index-url \
		--python-version 3.11 --custom-compile-command "make lock" pyproject.toml --group dev -o requirements-dev.txt

# Only patients' words are translated: the staff side is English. Left out are models, admin classes and these
# folders, then single files of other folders.
STAFF_ONLY := models models.py admin.py apps.py \
	clinic_site/accounts clinic_site/core/editing clinic_site/mail clinic_site/operations \
	consultations/appointments consultations/data_rights consultations/desk consultations/lifecycle \
	procedures/content procedures/publishing procedures/staff \
	templates/account templates/accounts templates/admin templates/mfa templates/operations \
	templates/consultations/data_rights templates/consultations/desk templates/procedures/staff \
	clinic_site/admin_site.py clinic_site/settings.py clinic_site/clinic/opening_week.py \
	clinic_site/core/http/error_pages.py consultations/staff_pages.py consultations/workflow.py \
	consultations/messaging/catalogue.py consultations/messaging/notify.py consultations/messaging/rendering.py \
	consultations/messaging/texts.py \
	procedures/validators.py templates/503_staff.html

messages: .venv/installed-dev
	@$(MANAGE) makemessages --locale ur --no-obsolete --no-wrap --add-location file \
		$(foreach pattern,.venv var tests static docs $(STAFF_ONLY),--ignore '$(pattern)') --verbosity 0
	@sed -i '/^"POT-Creation-Date/d' locale/ur/LC_MESSAGES/django.po
