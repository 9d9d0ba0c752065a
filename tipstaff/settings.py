"""Settings, from the environment. `.env.example` lists every variable; `make run` sets the ones of its own services."""

import ipaddress
import logging
import os
import sys
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from tipstaff import queues
from tipstaff.environment import Environment, broker, database
from tipstaff.logs import OURS

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.ENVIRON = Environment()
env.smart_cast = False

# Where `make run` keeps its data, keys and files. While it runs it leaves `run.env` there, so that
# `.venv/bin/python manage.py …` in a second terminal talks to the same services.
TIPSTAFF_HOME = Path(os.environ.get("TIPSTAFF_HOME") or BASE_DIR / ".tipstaff").resolve()
environ.Env.read_env(BASE_DIR / ".env")
environ.Env.read_env(TIPSTAFF_HOME / "run.env")

DEVELOPMENT_SECRET = "development-only-secret-never-for-production"  # noqa: S105  refused below outside demo mode

DEMO = env.bool("DEMO", default=False)
DEMO_STORY = env.float("DEMO_STORY", default=1.0)
DEBUG = env.bool("DEBUG", default=False)
TESTING = env.bool("TESTING", default=False)
CLOCK_MAY_MOVE = DEMO or TESTING
SECRET_KEY = env.str("SECRET_KEY", default=DEVELOPMENT_SECRET)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
BASE_URL = env.str("BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PROVIDER_NAME = env.str("PROVIDER_NAME", default="Example AI")
POLICY_LANGUAGE = env.str("POLICY_LANGUAGE", default="en")

INSTALLED_APPS = [
    "tipstaff.ledger",
    "tipstaff.workflow",
    "tipstaff.jobs",
    "tipstaff.accounts",
    "tipstaff.vault",
    "tipstaff.sla",
    "tipstaff.notices",
    "tipstaff.doctor",
    "tipstaff.demo",
    "tipstaff.reference",
    "aup",
    "governance",
    "cases",
    "appeals",
    "oversight",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "django_structlog",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "tipstaff.requests.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tipstaff.languages.LanguageMiddleware",  # before anything that may have to refuse
    "tipstaff.refusals.RefusalMiddleware",  # before anything that reads a body
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tipstaff.access.DenyByDefaultMiddleware",
]

FORM_RENDERER = "tipstaff.forms.Renderer"
ROOT_URLCONF = "tipstaff.urls"
WSGI_APPLICATION = "tipstaff.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tipstaff.home.chrome",
                "tipstaff.languages.chrome",
            ],
        },
    }
]

# --- PostgreSQL 18. Each role of docs/adr/0004 has its own address: the web and the worker only ever know `app`. ---
DATABASE_URL = env.str("DATABASE_URL", default="postgres://tipstaff_app@127.0.0.1:5432/tipstaff")
POOL_THREADS = env.int("POOL_THREADS", default=0)  # 0: no pool (workers, commands); the web sets its thread count

# 1 behind PgBouncer in transaction mode: no pool of our own, and nothing kept on the server between transactions.
PGBOUNCER = env.bool("PGBOUNCER", default=False)
_web = {"pool_threads": POOL_THREADS, "pgbouncer": PGBOUNCER}
_own = {"pgbouncer": PGBOUNCER}
DATABASES = {
    "default": database(DATABASE_URL, **_web),
    "owner": database(env.str("OWNER_DATABASE_URL", default=DATABASE_URL), **_own),
    "sequencer": database(env.str("SEQUENCER_DATABASE_URL", default=DATABASE_URL), **_own),
    "eraser": database(env.str("ERASER_DATABASE_URL", default=DATABASE_URL), **_own),
}
REPLICA_DATABASE_URL = env.str("REPLICA_DATABASE_URL", default="")
if REPLICA_DATABASE_URL:
    DATABASES["replica"] = database(REPLICA_DATABASE_URL, **_web)
    DATABASE_ROUTERS = ["tipstaff.replica.Router"]

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",
        "OPTIONS": {"MAX_ENTRIES": 200_000},
    }
}

# --- Celery: JSON, late acknowledgement, no results; deadlines are rows, never message delays. ---
BROKER_URL = env.str("BROKER_URL", default="redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = BROKER_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
globals().update(broker(BROKER_URL))
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_RETRY_ON_WORKER_LOST = True  # counted, so that a task which kills its worker does not come back for ever
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = queues.DEFAULT
CELERY_TASK_ROUTES = queues.routes(priorities="priority_steps" in globals()["CELERY_BROKER_TRANSPORT_OPTIONS"])
SWEEP_SECONDS = env.float("SWEEP_SECONDS", default=5.0)
SCAN_SECONDS = 10.0
DELIVERY_SECONDS = env.float("DELIVERY_SECONDS", default=3.0)
CELERY_BEAT_SCHEDULE = queues.schedule(sweep=SWEEP_SECONDS, delivery=DELIVERY_SECONDS, scan=SCAN_SECONDS)
CELERY_BEAT_SCHEDULER = "tipstaff.jobs.scheduler:RowScheduler"
# A tick that failed is not tried again: the next one comes anyway.
CELERY_TASK_ANNOTATIONS = {
    entry["task"]: {"autoretry_for": (), "max_retries": 0} for entry in CELERY_BEAT_SCHEDULE.values()
}

# --- Mail ---
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Tipstaff <no-reply@tipstaff.example>")
EMAIL_URL = env.str("EMAIL_URL", default="smtp://127.0.0.1:2525")
_mail = env.email_url_config(EMAIL_URL)
MAILERS = {
    "default": {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": _mail.get("EMAIL_HOST") or "127.0.0.1",
            "port": _mail.get("EMAIL_PORT") or 25,
            "username": _mail.get("EMAIL_HOST_USER") or "",
            "password": _mail.get("EMAIL_HOST_PASSWORD") or "",
            "use_tls": bool(_mail.get("EMAIL_USE_TLS")),
            "use_ssl": bool(_mail.get("EMAIL_USE_SSL")),
            "timeout": 20,
        },
    }
}
DEMO_HOOKS_DIR = TIPSTAFF_HOME / "webhooks"  # what the demo's receiver of webhooks keeps
DEMO_MAIL_DIR = TIPSTAFF_HOME / "mail"  # the Maildir that `make run`'s own SMTP receiver writes

# --- Webhooks: https to public addresses only, and to these. A demo and the tests may call this machine. ---
WEBHOOK_ALLOWED_ADDRESSES = env.list("WEBHOOK_ALLOWED_ADDRESSES", default=[])
WEBHOOK_CA_FILE = env.str("WEBHOOK_CA_FILE", default="")
WEBHOOK_ALLOW_HTTP = DEMO or TESTING
if DEMO or TESTING:
    WEBHOOK_ALLOWED_ADDRESSES = [*WEBHOOK_ALLOWED_ADDRESSES, "127.0.0.0/8", "::1/128"]

# --- Files and keys ---
VAULT_DIR = Path(env.str("VAULT_DIR", default=str(TIPSTAFF_HOME / "vault")))
VAULT_KEY = env.str("VAULT_KEY", default=DEVELOPMENT_SECRET)
VAULT_KEY_FALLBACKS = env.list("VAULT_KEY_FALLBACKS", default=[])
RETENTION_DAYS = env.int("RETENTION_DAYS", default=730)
SHOW_AT_MOST = env.str("SHOW_AT_MOST", default="colour")
if SHOW_AT_MOST not in ("veiled", "grey", "colour"):
    raise ImproperlyConfigured(f"SHOW_AT_MOST is veiled, grey or colour, not {SHOW_AT_MOST}.")
LINK_KEY = env.str("LINK_KEY", default=DEVELOPMENT_SECRET)
LINK_KEY_FALLBACKS = env.list("LINK_KEY_FALLBACKS", default=[])
WEBHOOK_KEY = env.str("WEBHOOK_KEY", default="") or LINK_KEY
LEDGER_ORIGIN = env.str("LEDGER_ORIGIN", default="tipstaff.example/ledger")
LEDGER_KEY_FILE = Path(env.str("LEDGER_KEY_FILE", default=str(TIPSTAFF_HOME / "keys" / "ledger.pem")))

# --- Limits: one constant each, rendered in the form and enforced at the door (DESIGN 9). ---
FILES_PER_FORM = 5
FILE_BYTES = env.int("FILE_BYTES", default=25 * 1024 * 1024)
# What a file may be, seen from its bytes: images, sounds, films, texts, documents, archives. No programs.
FILE_TYPES = env.list("FILE_TYPES", default=[]) or [
    "image/*", "audio/*", "video/*", "text/*", "message/*", "application/pdf", "application/rtf",
    "application/json", "application/x-ndjson", "application/x-ndjson+json", "application/csv", "application/xml",
    "application/javascript", "application/ogg", "application/zip", "application/gzip", "application/x-tar",
    "application/x-bzip2", "application/x-xz", "application/x-7z-compressed", "application/zstd",
    "application/msword", "application/vnd.ms-*", "application/vnd.openxmlformats-*",
    "application/vnd.oasis.opendocument.*", "application/epub+zip", "application/vnd.tcpdump.pcap",
    "application/vnd.sqlite3", "application/x-sqlite3",
]  # fmt: skip
CLAMD_URL = env.str("CLAMD_URL", default="")
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500  # a decision matrix is one form: aup.matrix.table.CELLS_LIMIT and some
DATA_UPLOAD_MAX_NUMBER_FILES = 10
REQUEST_BYTES = FILES_PER_FORM * FILE_BYTES + 1024 * 1024
FILE_DOORS = (
    "/report/",
    "/desk/reports/new/",
    "/appeal/",
    "/answer/",
    "/remedy/",
    "/desk/cases/",
    "/desk/waivers/",
    "/waivers/",
    "/policy/versions/import/",
    "/api/v1/files/",
)  # everywhere else a body is a form and no more
# Uploads wait here until they are sealed: a directory of our own, which nobody else can enter.
FILE_UPLOAD_TEMP_DIR = env.str("FILE_UPLOAD_TEMP_DIR", default="") or str(TIPSTAFF_HOME / "staging")
FILE_UPLOAD_HANDLERS = ["tipstaff.vault.staging.StagingHandler"]
Path(FILE_UPLOAD_TEMP_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
MACHINE_REPORTS = env.int("MACHINE_REPORTS_PER_MINUTE", default=120)
# A report about grave harm is always taken. Beyond these only its words and small files are, and nobody is mailed whose
# address is unproven: whoever sends that many is a flood, or hides in one.
GRAVE_REPORTS_PER_ADDRESS = env.int("GRAVE_REPORTS_PER_ADDRESS", default=120)
GRAVE_REPORTS_PER_HOUR = env.int("GRAVE_REPORTS_PER_HOUR", default=1000)
FLOOD_FILE_BYTES = env.int("FLOOD_FILE_BYTES", default=256 * 1024)
RATE_LIMITS = {
    "report": "30/hour",
    "report_machine": f"{MACHINE_REPORTS}/min",  # from one token, and one address
    "report_grave": f"{GRAVE_REPORTS_PER_ADDRESS}/hour",  # from one address, before less of each is taken
    "report_grave_all": f"{GRAVE_REPORTS_PER_HOUR}/hour",  # from everybody
    "report_contact": "40/day",  # from one e-mail address
    "report_account": "300/hour",  # about one account
    "appeal": "30/hour",
    "answer": "30/hour",
    "remedy": "60/hour",
    "follow": "60/hour",
    "survey": "30/hour",
    "waiver": "30/hour",
    "acknowledge": "30/hour",
    "feedback": "30/hour",
}

# --- How this organisation enforces ---
SELF_ISSUE_T1 = env.bool("SELF_ISSUE_T1", default=False)  # may the proposer of a T1 warning issue it too?
OWN_VERDICT_FIRST = env.bool(
    "OWN_VERDICT_FIRST", default=True
)  # is a proposal hidden until one said what one would decide?
CLAIM_MINUTES = 30
PASS_MINUTES = env.int("PASS_MINUTES", default=120)  # how long a case that was passed on waits for who it went to
SHIFT_HOURS = env.int("SHIFT_HOURS", default=8)  # over how long what a person was shown is counted
EXPOSURE_BUDGET = env.int("EXPOSURE_BUDGET", default=120)  # points in a shift; after that nothing hard is offered
SKIP_HOURS = env.int("SKIP_HOURS", default=12)  # how long a case is not offered again to who skipped it
IDLE_DAYS = env.int("IDLE_DAYS", default=7)  # what somebody took up and left this long, somebody else may take
NOTICE_RETENTION_DAYS = 365 * 3  # how long the link of a notice opens its page

# --- Sign-in ---
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "tipstaff.accounts.adapter.StaffAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none" if DEMO else "mandatory"
ACCOUNT_LOGOUT_ON_GET = False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
STAFF_NEED_SECOND_FACTOR = not (DEMO or TESTING)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast, and holds no real password
SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "tipstaff.refusals.csrf_failure"

# --- Browser security ---
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
HTTPS = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = None
if HTTPS and env.bool("BEHIND_PROXY", default=True):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- Languages, static files ---
LANGUAGE_CODE = "en"
# Each by its own name. Catalogues: `make messages` (tipstaff/translations.py).
LANGUAGES = [("en", "English"), ("es", "Español"), ("fr", "Français"), ("ar", "العربية")]
FORMAT_MODULE_PATH = ["tipstaff.formats"]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(TIPSTAFF_HOME / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
# Compressing takes half a minute, which a demo has no use for.
_static = "whitenoise.storage.CompressedManifestStaticFilesStorage"
if DEMO:
    _static = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
if TESTING or DEBUG:
    _static = "django.contrib.staticfiles.storage.StaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _static},
}
# Files are looked for when they are asked for; reading all of them first would cost each test client 50 ms.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = TESTING or DEBUG

# --- API ---
NUM_PROXIES = env.int("NUM_PROXIES", default=0)
ALLAUTH_TRUSTED_PROXY_COUNT = NUM_PROXIES
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tipstaff.accounts.tokens.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["tipstaff.accounts.tokens.NeedsScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["tipstaff.accounts.bodies.Bodies"],
    "DEFAULT_SCHEMA_CLASS": "tipstaff.accounts.api.documents.Schema",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": "1200/min"},
    "EXCEPTION_HANDLER": "tipstaff.refusals.problem",
    "UNAUTHENTICATED_USER": None,
    # How many proxies of ours stand in front: that many addresses of X-Forwarded-For are believed, and no more.
    "NUM_PROXIES": NUM_PROXIES,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tipstaff API",
    "DESCRIPTION": (
        "What programs can do at the case desk: report, keep accounts known, read what people decided, and say what "
        "became of a measure. Nothing is decided here: cases, appeals and waivers are decided by people, on pages.\n\n"
        "Send `Authorization: Bearer tps_…` with a token that an administrator made; each call names the scope it "
        "needs. Times are RFC 3339 in UTC. Lists come newest first in pages: follow `next`. A parameter or a value "
        "that is not known is refused and named, never passed over. Send an `Idempotency-Key` with a POST, and "
        "sending it again does it once. Every refusal is a problem document (RFC 9457) with a sentence in `detail`. "
        "`available` says what this token may do to a record now, and where."
    ),
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "TAGS": [
        {"name": "Reports", "description": "What a program reports, and how each stands. A token sees its own only."},
        {"name": "Files", "description": "What goes with reports and requests: sent first, then named in them."},
        {"name": "Accounts", "description": "The provider's accounts, under the provider's own ids."},
        {"name": "Cases", "description": "One account and one group of rules, from the first report to the decision."},
        {"name": "Decisions", "description": "What people decided, once it was issued."},
        {"name": "Sanctions", "description": "What is to be enforced, and the gateway's word that it was."},
        {"name": "Appeals", "description": "Who contested what, and how that ended."},
        {
            "name": "Waivers",
            "description": "What is permitted to whom, on which conditions, until when; and asking for it.",
        },
        {"name": "Acknowledgements", "description": "Which account read which version of the policy."},
        {"name": "Feedback", "description": "What is wrong with the policy itself, and the answers."},
        {"name": "Systems", "description": "What runs, what it may do, and how well the rules are enforced in it."},
        {"name": "Controls", "description": "What makes a system follow which rules, and when somebody last looked."},
    ],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "ReportState": "cases.models.Report.State",
        "ReportOutcome": "cases.models.answering.Outcome",
        "CaseState": "cases.models.Case.State",
        "DecisionState": "cases.api.decisions.FINAL",
        "SanctionKind": "cases.models.Sanction.Kind",
        "SanctionEffect": "cases.models.effect.Effect",
        "AcknowledgedEffect": "cases.models.effect.Acknowledged",
        "FeedbackState": "aup.models.Feedback.State",
        "FeedbackKind": "aup.models.Feedback.Kind",
        "WaiverState": "governance.models.Waiver.State",
        "WaiverKind": "governance.models.Waiver.Kind",
        "AppealState": "appeals.models.Appeal.State",
        "SubjectKind": "tipstaff.accounts.models.Subject.Kind",
        "SystemState": "governance.models.AISystem.State",
        "SystemChannel": "governance.models.AISystem.Channel",
        "Modality": "governance.models.AISystem.Modality",
        "RiskClass": "governance.models.AISystem.Risk",
        "ControlState": "governance.models.Control.State",
        "ControlStage": "governance.models.Control.Stage",
        "ControlMode": "governance.models.Control.Mode",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "syntaxHighlight": False, "defaultModelsExpandDepth": 0},
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
}

# --- Logs: ids, kinds and numbers; tipstaff/logs.py says what a line may not carry. ---
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
LOG_FORMAT = env.str("LOG_FORMAT", default="console" if DEMO or TESTING or DEBUG else "json")
LOG_ADDRESSES = env.bool("LOG_ADDRESSES", default=False)
_libraries = LOG_LEVEL if LOG_LEVEL in {"ERROR", "CRITICAL"} else "WARNING"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"scrub": {"()": "tipstaff.logs.ScrubTokens"}, "once": {"()": "tipstaff.logs.NotToldAlready"}},
    "formatters": {"lines": {"()": "tipstaff.logs.lines", "style": LOG_FORMAT}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "filters": ["scrub"], "formatter": "lines"}},
    "root": {"handlers": ["stderr"], "level": _libraries},
    "loggers": {
        **{name: {"level": LOG_LEVEL} for name in OURS},
        "django": {"handlers": [], "level": _libraries},
        "django.request": {"filters": ["once"]},
        "django.security.DisallowedHost": {"level": "CRITICAL"},  # every scanner; the answer 400 is in the log
        "django.server": {"handlers": [], "propagate": True},
        "celery.app.trace": {"level": "CRITICAL"},  # says with the message what `task_failed` says without
    },
}
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = LOG_ADDRESSES
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True  # tipstaff/requests.py takes well-formed ones only
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL = logging.DEBUG  # a tick every few seconds is no news
DJANGO_STRUCTLOG_CELERY_TASK_SUCCESS_LOG_LEVEL = logging.DEBUG

# --- Metrics, and what /readyz tells in detail: for machines of the operator, for nobody unless one of these is set ---
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
_networks = env.list("METRICS_ALLOWED_ADDRESSES", default=["127.0.0.0/8", "::1"] if DEMO else [])
try:
    METRICS_ALLOWED_ADDRESSES = [ipaddress.ip_network(network, strict=False) for network in _networks]
except ValueError as error:
    raise ImproperlyConfigured(
        f"METRICS_ALLOWED_ADDRESSES takes addresses and networks such as 10.0.0.0/8, separated by commas: {error}."
    ) from error
METRICS_DIR = Path(env.str("METRICS_DIR", default=str(TIPSTAFF_HOME / "metrics")))

if not (DEMO or TESTING or DEBUG) and "collectstatic" not in sys.argv:
    _unset = [n for n in ("SECRET_KEY", "VAULT_KEY", "LINK_KEY") if globals()[n] == DEVELOPMENT_SECRET]
    if _unset:
        raise ImproperlyConfigured(
            f"Set {', '.join(_unset)} to long random values of your own: the development secrets are refused outside "
            "demo mode. `.env.example` explains each; `make run` sets up a demo."
        )
