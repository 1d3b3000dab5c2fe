"""Settings. What differs between installations comes from the environment; docs/reference/settings.md lists it.

Reading this file changes nothing: the data folder and its key are made by the command line.
"""

import os
import socket
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.utils.translation import gettext_lazy as _

from dangol import __version__
from dangol.kernel.keys import derive_text_key, read_secret

PACKAGE = Path(__file__).parent


def _flag(name: str) -> bool:
    return os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}


DANGOL_DATA = Path(os.environ.get("DANGOL_DATA") or "data").expanduser().resolve()
DANGOL_URL = (os.environ.get("DANGOL_URL") or "http://127.0.0.1:8000").rstrip("/")
DANGOL_DEMO = _flag("DANGOL_DEMO")
# Without a key file this process has a key of its own: enough to look at help or run a check, never to serve.
DANGOL_SECRET = read_secret(DANGOL_DATA) or os.urandom(32).hex()

# Other servers in place of Google's and Microsoft's for signing in to mailboxes: for tests, and for clouds apart.
DANGOL_GOOGLE_LOGIN = (os.environ.get("DANGOL_GOOGLE_LOGIN") or "").rstrip("/")
DANGOL_MICROSOFT_LOGIN = (os.environ.get("DANGOL_MICROSOFT_LOGIN") or "").rstrip("/")

SECRET_KEY = derive_text_key(DANGOL_SECRET, "django")
DEBUG = _flag("DANGOL_DEBUG")
_address = urlsplit(DANGOL_URL)
ALLOWED_HOSTS = [
    *filter(None, (host.strip() for host in os.environ.get("DANGOL_HOSTS", "").split(","))),
    _address.hostname or "localhost",
    "localhost",
    "127.0.0.1",
    "[::1]",
    socket.gethostname().lower(),
]
CSRF_TRUSTED_ORIGINS = [f"{_address.scheme}://{_address.netloc}"]

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "dangol.kernel",
    "dangol.business",
    "dangol.staff",
    "dangol.search",
    "dangol.channels",
    "dangol.customers",
    "dangol.orders",
    "dangol.goodwill",
    "dangol.inbox",
    "dangol.segments",
    "dangol.worth",
    "dangol.api",
    "dangol.privacy",
    "dangol.desk",
    "dangol.showcase",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]

MIDDLEWARE = [
    "dangol.kernel.middleware.request_id",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "dangol.kernel.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "dangol.staff.middleware.language_and_zone",
    "dangol.kernel.middleware.live_cursor",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dangol.kernel.middleware.parts_apart",
    "allauth.account.middleware.AccountMiddleware",
    "dangol.kernel.middleware.Refusals",
    "dangol.desk.middleware.first_visit",
]

ROOT_URLCONF = "dangol.urls"
WSGI_APPLICATION = "dangol.wsgi.application"

_template_options = {
    "context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
        "dangol.desk.context.rail",
        "dangol.desk.settings_menu.settings_menu",
    ],
    "builtins": [
        "template_partials.templatetags.partials",
        "django.templatetags.i18n",
        "dangol.kernel.templatetags.pages",
    ],
}
_loaders = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "OPTIONS": {
            **_template_options,
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    _loaders if DEBUG else [("django.template.loaders.cached.Loader", _loaders)],
                )
            ],
        },
    }
]
FORM_RENDERER = "dangol.kernel.form_renderer.FormRenderer"


def _database(url: str) -> dict[str, object]:
    """postgres://user:password@host:port/name as Django wants it; a socket folder goes in as ?host=/run/pg."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError("DATABASE_URL must begin with postgres:// (leave it away for SQLite)")
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(query.pop("host", "") or parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {key: unquote(value) for key, value in query.items()},
    }


if os.environ.get("DATABASE_URL"):
    DATABASES = {"default": _database(os.environ["DATABASE_URL"])}
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DANGOL_DATA / "dangol.sqlite3",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # FULL: an answered message survives a power cut. Work that can be done again from what is
                # stored (taking mail in) says so with kernel.db.relax_durability.
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;"
                    "PRAGMA cache_size=-16000; PRAGMA mmap_size=268435456;"
                    # What is erased is overwritten in the file as well, whatever this SQLite was built with.
                    "PRAGMA secure_delete=ON;"
                ),
            },
            "TEST": {"NAME": os.environ.get("DANGOL_TEST_DATABASE")},
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    # Sign-in attempts are counted here: all processes must see the same count.
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "kernel_cache"}
}

AUTH_USER_MODEL = "staff.Staff"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "today"
ACCOUNT_ADAPTER = "dangol.staff.adapter.ClosedDoor"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # a stranger never makes us write to an address we don't know
ACCOUNT_RATE_LIMITS = {
    "login_failed": "10/m/ip,5/5m/key",
    "unsubscribe": "20/m/ip",  # links that are not ours: whoever tries them
    "api_sign_in": "30/m/ip",  # tokens and addresses of webhooks that are not ours
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = False
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody signs up by himself, so no address needs to be proved first
SESSION_ENGINE = "dangol.kernel.sessions"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _address.scheme == "https"
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31536000 if _address.scheme == "https" else 0
if _flag("DANGOL_BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1
X_FRAME_OPTIONS = "SAMEORIGIN"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ko", _("Korean"))]
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "dangol.kernel.storage.VersionedStatic"},
}
MEDIA_ROOT = DANGOL_DATA / "files"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 60 if DEBUG else 3600

EMAIL_BACKEND = "dangol.channels.backend.OutboxBackend"
DATA_UPLOAD_MAX_MEMORY_SIZE = 30 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

DANGOL_VERSION = __version__
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "dangol.kernel.logs.KeyValueFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("DANGOL_LOG", "WARNING").upper()},
    "loggers": {
        "dangol": {"level": os.environ.get("DANGOL_LOG", "INFO").upper()},
        # What is refused is told to whoever asked. Its address, which may open an invitation, belongs in no log.
        "django.request": {"level": "ERROR"},
    },
}
