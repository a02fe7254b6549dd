"""Settings, read from the environment; the README's table lists every variable.

Only ``CLINIC_MODE=local``, which ``make run`` and ``make test`` set, starts without secrets.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import django_stubs_ext
from django.utils.translation import gettext_lazy as _

from clinic_site.environment import Environment
from clinic_site.mail import configuration

# Lets Django's classes name the model that they are for, such as ModelAdmin[Closure].
django_stubs_ext.monkeypatch()

env = Environment()

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL = env.text("CLINIC_MODE", "production", choices=("production", "local")) == "local"

# The database file, photographs and collected static files.
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "var")))
try:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
except OSError as error:
    env.refuse(f"DATA_DIR cannot be used as a folder ({error.strerror})")

SECRET_KEY = env.text("SECRET_KEY", "for-local-use-only" if LOCAL else None)
SECRET_KEY_FALLBACKS = env.text("SECRET_KEY_FALLBACKS", "").split()
if not LOCAL and 0 < len(SECRET_KEY) < 50:
    env.refuse("SECRET_KEY is shorter than 50 characters")

# SITE_URL is the canonical origin: absolute links start with it, and its host is the only allowed one.
PORT = env.number("PORT", 8000)
if not 0 < PORT < 65536:
    env.refuse(f"PORT must be from 1 to 65535, not {PORT}")
    PORT = 8000  # so that the addresses derived from it report no second problem
# Used by gunicorn.conf.py.
BIND = env.text("BIND", f"127.0.0.1:{PORT}")
WEB_CONCURRENCY = env.number("WEB_CONCURRENCY", 2)
if not 0 < WEB_CONCURRENCY < 1000:
    env.refuse(f"WEB_CONCURRENCY must be from 1 to 999, not {WEB_CONCURRENCY}")
SITE_URL = env.text("SITE_URL", f"http://localhost:{PORT}" if LOCAL else None).rstrip("/")
try:
    _address = urlsplit(SITE_URL)
    # Reading the port validates it.
    _is_site = bool(_address.hostname) and _address.port != 0 and "@" not in _address.netloc
except ValueError:
    _address, _is_site = urlsplit(""), False
if SITE_URL and not (_is_site and SITE_URL in (f"http://{_address.netloc}", f"https://{_address.netloc}")):
    env.refuse("SITE_URL must be like https://clinic.example, with no path")
ALLOWED_HOSTS = [_address.hostname or "", *(["127.0.0.1", "localhost"] if LOCAL else [])]
CSRF_TRUSTED_ORIGINS = [SITE_URL]

DEBUG = LOCAL and env.yes_no("DEBUG", False)

INSTALLED_APPS = [
    "clinic_site.apps.ClinicSiteConfig",
    "clinic_site.core",
    "clinic_site.accounts",
    "clinic_site.clinic",
    "clinic_site.mail",
    "clinic_site.operations",
    "procedures",
    "consultations",
    "crispy_forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "clinic_site.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "django.contrib.staticfiles",
    "django.forms",  # its templates, for FORM_RENDERER; templates/django/forms replaces one of them
]

MIDDLEWARE = [
    "clinic_site.core.http.middleware.RequestLogMiddleware",
    # Before the page cache, which resolves addresses.
    "clinic_site.core.http.middleware.PathLanguageMiddleware",
    "clinic_site.core.http.middleware.PrivateVaryMiddleware",
    # Before everything that may answer by itself: https redirects, refused hosts, cached pages, static files.
    "clinic_site.core.http.middleware.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "clinic_site.core.http.page_cache.PageCacheMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "clinic_site.accounts.middleware.StaffAccessMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "clinic_site.urls"
WSGI_APPLICATION = "clinic_site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "clinic_site.core.http.context_processors.site",
                "clinic_site.clinic.context_processors.clinic",
                "procedures.public.context_processors.menu",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = ("forms",)
CRISPY_TEMPLATE_PACK = "forms"


def database(url: str) -> dict[str, Any]:
    """Return Django's database options for an address. Raises ``ValueError``.

    SQLite: a transaction takes the write lock when it begins (IMMEDIATE), so that two that read and then
    write wait for each other instead of failing; a commit is on the disk before it is confirmed
    (synchronous FULL); readers never wait for the writer (WAL).
    """
    try:
        options: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True))
        engine = options["ENGINE"].rpartition(".")[2]
    except (ValueError, KeyError):
        engine = ""
    if engine not in ("sqlite3", "postgresql"):
        # The address may hold a password: never repeat it.
        raise ValueError("cannot be read; use postgres://user:password@host/name")
    if engine == "sqlite3":
        options["OPTIONS"] = {
            # Seconds for the write lock. Longer waits would use up the server's threads.
            "timeout": 5,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        }
    else:
        options["OPTIONS"] = {"connect_timeout": 3, "options": "-c lock_timeout=5000"}
    return options


DATABASES = {"default": env.parsed("DATABASE_URL", f"sqlite:///{DATA_DIR}/clinic.sqlite3", database)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# What the apps add to shared pages and jobs, by dotted path.

# Whether this server can serve patients (/readyz).
READINESS_CHECKS = {
    "database": (
        "clinic_site.operations.readiness.require_database",
        _("The database cannot be reached."),
    ),
    "writing": (
        "clinic_site.operations.readiness.require_writing",
        _("Nothing can be stored: is the disk full, or the database locked?"),
    ),
    "free space": (
        "clinic_site.operations.readiness.require_free_space",
        _("The disk is full. Requests cannot be taken until there is room."),
    ),
    "storage": (
        "consultations.intake.file_storage.require_storage",
        _("The folder of patients’ photographs is missing. Is the disk connected?"),
    ),
    "append-only tables": (
        "clinic_site.core.append_only.require_triggers",
        _("The protection of the audit log is missing. Run “manage.py migrate”."),
    ),
    "erasures": (
        "consultations.data_rights.erasure.require_replayed",
        _("A restored backup has brought erased requests back. Run “manage.py replay_erasures”."),
    ),
}
# What needs attention, on /staff/status/ and in the metrics.
STATUS_CHECKS = {
    "mail queue": (
        "clinic_site.mail.queue.require_worker",
        _("Mail has been waiting for hours. Does “manage.py send_mail” run?"),
    ),
    "new requests": (
        "consultations.messaging.notify.require_announced",
        _("New requests have not been announced for hours. Does “manage.py send_mail” run?"),
    ),
    "backup": (
        "clinic_site.operations.status.require_backup",
        _("There was no backup in the last day. Does “manage.py backup” run?"),
    ),
    "disk": (
        "clinic_site.operations.status.require_room_for_files",
        _("The disk will soon be full. Patients’ photographs will be refused then."),
    ),
    "overview": (
        "procedures.public.selectors.require_overview",
        _("The first page was never published."),
    ),
    "privacy notice": (
        "consultations.data_rights.privacy_notices.require_notice",
        _("There is no privacy notice, so patients cannot send requests."),
    ),
}
SAMPLE_CONTENT_LOADERS = [
    "clinic_site.clinic.opening_week.load_sample",
    "procedures.content.loader.load",
    "consultations.data_rights.privacy_notices.load_sample",
]
CLEANUP_TASKS = [
    "consultations.data_rights.retention_tasks.tasks",
    "clinic_site.operations.cleanup.site_tasks",
]


def admin_list(model: str) -> tuple[str, str]:
    """Return the name of the address of a model's list in the admin, and the permission to view it."""
    app, name = model.split(".")
    return f"admin:{app}_{name}_changelist", f"{app}.view_{name}"


_REQUESTS = "consultations.view_consultationrequest"
# The places of the staff side, each with its pages: label, name of the address, and the permission it needs.
STAFF_NAVIGATION = [
    (_("Today"), [(_("Today"), "admin:index", "")]),
    (_("Requests"), [(_("Requests"), "desk:queue", _REQUESTS)]),
    (
        _("Calendar"),
        [
            (_("Week"), "desk:week", _REQUESTS),
            (_("Reminders"), "desk:reminders", _REQUESTS),
            (_("Calendar addresses"), "desk:calendars", "consultations.manage_feeds"),
        ],
    ),
    (
        _("Messages"),
        [
            (_("Email"), *admin_list("mail.outgoingmessage")),
            (_("Texts"), *admin_list("consultations.messagetext")),
        ],
    ),
    (
        _("Pages"),
        [
            (_("Procedures"), *admin_list("procedures.procedure")),
            (_("Overview"), *admin_list("procedures.overview")),
            (_("Emergency"), *admin_list("procedures.emergency")),
            (_("Disclaimer"), *admin_list("procedures.disclaimer")),
            (_("Practitioners"), *admin_list("procedures.practitioner")),
            (_("Sources"), *admin_list("procedures.source")),
            (_("Plain words"), *admin_list("procedures.plainword")),
            (_("Reported mistakes"), *admin_list("procedures.feedbackreport")),
        ],
    ),
    (
        _("Clinic"),
        [
            (_("Details"), *admin_list("clinic.clinicprofile")),
            (_("Opening hours"), *admin_list("clinic.openinghours")),
            (_("Closures"), *admin_list("clinic.closure")),
            (_("Hospitals"), *admin_list("clinic.emergencyhospital")),
            (_("How information is made"), *admin_list("clinic.informationpractice")),
            (_("Privacy notices"), *admin_list("consultations.privacynotice")),
            (_("How long requests are kept"), *admin_list("consultations.retentionrule")),
        ],
    ),
    (
        _("Reports"),
        [
            (_("Statistics"), "desk:statistics", "consultations.view_statistics"),
            (_("Who saw what"), "desk:log", "consultations.view_disclosure"),
            (_("Export requests"), "desk:export", "consultations.export_requests"),
            (_("Status"), "status", "mail.view_outgoingmessage"),
        ],
    ),
    (
        _("Team"),
        [
            (_("Accounts"), *admin_list("accounts.user")),
            (_("Roles"), *admin_list("auth.group")),
            (_("Sign-ins"), *admin_list("accounts.accountevent")),
        ],
    ),
]
# The panels of the first staff page: template and context function.
DASHBOARD_PANELS = [
    ("consultations/desk/today/panel.html", "consultations.desk.today.panel"),
    ("procedures/staff/panels/feedback.html", "procedures.staff.panels.feedback_panel"),
    ("procedures/staff/panels/pages.html", "procedures.staff.panels.pages_panel"),
    ("consultations/desk/message_texts/panel.html", "consultations.messaging.templates.texts_panel"),
    ("operations/panel.html", "clinic_site.operations.views.status_panel"),
]
# Warnings shown to staff after they changed a row of these models.
CHANGE_WARNINGS = {
    "clinic.Closure": ["consultations.desk.change_warnings.appointments_during_closure"],
    "clinic.OpeningHours": ["consultations.desk.change_warnings.appointments_outside_hours"],
    "procedures.Practitioner": ["consultations.desk.change_warnings.appointments_of_former_practitioner"],
    "accounts.User": ["consultations.desk.change_warnings.requests_of_former_colleague"],
}
# The operations that the clinic's structured data lists: a function that returns (name, path) pairs.
CLINIC_OPERATIONS = "procedures.public.selectors.operations_in_menu"
# Finds the objects that messages in the mail queue are about, and records that they were shown.
MESSAGE_SUBJECT_FINDER = "consultations.desk.undelivered.related_requests"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["clinic_site.accounts.adapter.StaffBackend"]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
# The lifetime of an invitation; accounts.tokens gives the reset of a password a shorter one.
PASSWORD_RESET_TIMEOUT = 7 * 24 * 60 * 60

# Two-step sign-in: a password, then a code of an authenticator app or a passkey. Where it is required,
# staff who have not set it up can open no other page.
STAFF_TWO_STEP = env.yes_no("STAFF_TWO_STEP", not LOCAL)
ACCOUNT_ADAPTER = "clinic_site.accounts.adapter.StaffAccountAdapter"
ACCOUNT_FORMS = {"login": "clinic_site.accounts.forms.SignInForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# Managers make the accounts, so email addresses need no verification.
ACCOUNT_EMAIL_VERIFICATION = "none"
MFA_ALLOW_UNVERIFIED_EMAIL = True
ACCOUNT_SESSION_REMEMBER = False
# Instead of allauth's limits: accounts.sign_in_limits.
ACCOUNT_RATE_LIMITS = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60
MFA_ADAPTER = "clinic_site.accounts.adapter.StaffMFAAdapter"
MFA_FORMS = {
    "authenticate": "clinic_site.accounts.forms.CodeForm",
    "reauthenticate": "clinic_site.accounts.forms.ConfirmCodeForm",
    "activate_totp": "clinic_site.accounts.forms.SetUpForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
# A phone's clock may be half a minute off.
MFA_TOTP_TOLERANCE = 1

# The language of a page is in its address (ADR 51): /ur/… is Urdu, everything else English.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ur", _("Urdu"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "Asia/Karachi"
# Dates on the staff side: Tue 29 Nov 2026, 5:30 pm.
FORMAT_MODULE_PATH = ["clinic_site.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL = "/media/"
# Files that patients send. Not served by any URL: a view checks who may see them.
PRIVATE_ROOT = DATA_DIR / "private"
# References of erased requests, outside the database: a restored backup must not bring the details back.
ERASURE_LEDGER = DATA_DIR / "erased.log"
# How long the audit log keeps who saw a request, signed in or changed an account. The database refuses to
# delete such rows earlier; run `manage.py migrate` after changing it.
AUDIT_RETENTION = timedelta(days=3 * 365)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "clinic_site.core.http.static_files.StaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# How long each process may answer with the same public page; 0 renders each time.
PAGE_CACHE_SECONDS = 0 if DEBUG else 5
# The last good copy of each public page, for when the database cannot be reached.
PAGE_CACHE_DIR = DATA_DIR / "pages"
# Functions that return the next moment at which public pages change without anybody editing them, or None.
PAGE_CHANGE_TIMES = [
    "procedures.public.selectors.next_publication_at",
    "consultations.data_rights.privacy_notices.next_notice_at",
]

# Mail is queued, and sent by the mail worker alone. "off" sends nothing and tells staff so. In local mode
# without EMAIL_URL, Django's file backend writes each message into MAIL_DIR.
EMAIL_URL = env.text("EMAIL_URL", "" if LOCAL else None)
MAIL_DELIVERY = "off" if EMAIL_URL == "off" else "smtp" if EMAIL_URL else "folder"
EMAIL_BACKEND = {
    "off": "django.core.mail.backends.dummy.EmailBackend",
    "smtp": "django.core.mail.backends.smtp.EmailBackend",
    "folder": "django.core.mail.backends.filebased.EmailBackend",
}[MAIL_DELIVERY]
MAIL_DIR = EMAIL_FILE_PATH = DATA_DIR / "mail"
try:
    _mail_server = configuration.mail_server(EMAIL_URL if MAIL_DELIVERY == "smtp" else "smtp://localhost")
except ValueError as error:
    env.refuse(f"EMAIL_URL {error}")
else:
    EMAIL_HOST, EMAIL_PORT = _mail_server.host, _mail_server.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail_server.user, _mail_server.password
    EMAIL_USE_SSL, EMAIL_USE_TLS = _mail_server.use_ssl, _mail_server.use_tls
EMAIL_TIMEOUT = 30  # seconds for each answer of the server
# The sender, and the staff addresses that are notified of each new request.
# Without a host, what is missing is SITE_URL.
_host = _address.hostname or "clinic.example"
_default_sender = "The clinic <clinic@clinic.example>" if LOCAL else f"clinic@{_host}"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.parsed("DEFAULT_FROM_EMAIL", _default_sender, configuration.sender)
STAFF_MAIL = env.parsed("STAFF_MAIL", "desk@clinic.example" if LOCAL else "", configuration.addresses)

# A page's admin form has a few hundred fields; a patient's form has about twenty.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4000

# Security. The setting names are those of Django 6, which will replace our middleware.
SECURE_CSP = {
    "default-src": ["'none'"],
    "style-src": ["'self'"],
    "img-src": ["'self'"],
    "font-src": ["'self'"],
    # No script runs on public pages; Lighthouse fetches robots.txt from within the page.
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}
# The staff side needs the admin's scripts, from this site only.
SECURE_CSP_STAFF = SECURE_CSP | {
    "script-src": ["'self'"],
    "img-src": ["'self'", "data:"],
}
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
HTTPS = _address.scheme == "https"
if not (LOCAL or HTTPS) and SITE_URL:
    env.refuse("SITE_URL must begin with https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "clinic_site.core.http.csrf.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", 365 * 24 * 60 * 60) if HTTPS else 0
# Opt-in: a clinic may have other hosts under its domain that do not speak https.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.yes_no("HSTS_INCLUDE_SUBDOMAINS", False)
SECURE_HSTS_PRELOAD = env.yes_no("HSTS_PRELOAD", False)
SILENCED_SYSTEM_CHECKS = [
    "auth.W004",  # an account's email address is unique by a constraint on its lower case
    "security.W005",  # HSTS for subdomains is opt-in
    "security.W021",  # HSTS preloading is opt-in
]
# Whether to trust X-Forwarded-Proto and X-Forwarded-For from our own proxy.
BEHIND_PROXY = env.yes_no("BEHIND_PROXY", HTTPS)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Opens /metrics to a program that sends it; without one there is no such page.
METRICS_TOKEN = env.text("METRICS_TOKEN", "")
if 0 < len(METRICS_TOKEN) < 20:
    env.refuse("METRICS_TOKEN is shorter than 20 characters")

LOG_LEVEL = env.text("LOG_LEVEL", "INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "clinic_site.core.json_logging.JsonFormatter"}},
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "json",
        }
    },
    "root": {"handlers": ["stdout"], "level": LOG_LEVEL},
    "loggers": {
        # Replaces Django's own handlers.
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        # Its own handler would log whole requests.
        "gunicorn.error": {"handlers": [], "level": "WARNING", "propagate": True},
        # RequestLogMiddleware logs every request already.
        "django.request": {"level": "ERROR"},
    },
}

env.finish()
