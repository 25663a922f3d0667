"""The web app: people are enrolled, verified and looked after here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Flask, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp import settings as settings_module
from webapp.api.document import add_api
from webapp.cli.commands import add_commands
from webapp.crypto.vault import CookieKeyUnusable, read_cookie_key
from webapp.db import deferred_writes, key_store, lock_watch
from webapp.db.damage import add_damage_watch
from webapp.db.deferred_writes import DeferredWrites
from webapp.db.engine import db, engine_options, prepare_engine
from webapp.db.key_store import KeyStore
from webapp.db.lock_watch import LockWatch
from webapp.extensions import babel, csrf, frame_limiter, limiter, login, migrate
from webapp.gallery import registry as registry_module
from webapp.gallery.registry import GalleryRegistry
from webapp.inference import active_model, face_slots, processor_time
from webapp.inference.active_model import ActiveModel
from webapp.inference.face_slots import FaceSlots
from webapp.inference.processor_time import ProcessorTime
from webapp.settings import ROOT, Settings, settings_from
from webapp.startup.schema import MIGRATIONS
from webapp.web.access import guard
from webapp.web.current_user import Nobody, load_user
from webapp.web.display.languages import LANGUAGES, best_language
from webapp.web.display.names import add_name_filters
from webapp.web.display.numbers import percent
from webapp.web.display.scores import add_score_filters
from webapp.web.display.time_zone import add_zones
from webapp.web.error_pages import JSON_BLUEPRINTS, add_error_pages, answer, refuse_while_damaged
from webapp.web.limits.database_storage import SCHEME
from webapp.web.limits.load_shedding import admit_requests, refuse_early
from webapp.web.limits.request_bounds import bound_requests, check_form, check_parameters
from webapp.web.limits.request_rates import check_network, count_requests, time_requests
from webapp.web.redirects import this_place
from webapp.web.request_log import set_up_logs
from webapp.web.resumed_forms import offer_again
from webapp.web.security_headers import add_headers
from webapp.web.tokens import add_signing
from webapp.web.uploads import InMemoryRequest
from webapp.web.url_prefix import PlainPrefix
from webapp.web.views import add_views
from webapp.web.wording import dangers

if TYPE_CHECKING:
    from ml import Engine


def create_app(settings: Settings | None = None, *engines: Engine) -> Flask:
    """Make the app.

    Args:
        settings: those of the environment, unless given.
        engines: loaded already; any other model is loaded when it is first needed.

    Raises:
        WrongSetting: if the environment holds a setting that cannot be used.
    """
    settings = settings or settings_from(os.environ)
    app = Flask(
        __name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static")
    )
    app.request_class = InMemoryRequest
    app.config.from_mapping(_flask_config(settings))
    _add_parts(app, settings, engines)
    if settings.proxies:
        trusted = settings.proxies
        # Proxies append to the other headers; only one of them knows the path.
        behind = ProxyFix(app.wsgi_app, x_for=trusted, x_proto=trusted, x_host=trusted, x_prefix=1)
        app.wsgi_app = PlainPrefix(behind)  # type: ignore[assignment,method-assign]
    add_signing(app)
    set_up_logs(app, settings.log_level)
    _bind_extensions(app)
    _add_checks(app)
    add_headers(app, https=settings.https)
    add_error_pages(app)
    add_views(app)
    add_api(app, settings.api_origins)
    add_commands(app)
    add_score_filters(app)
    add_zones(app)
    add_name_filters(app)
    app.jinja_env.globals["danger_words"] = dangers
    app.add_template_filter(percent)
    app.context_processor(
        lambda: {"locale": str(get_locale()), "languages": LANGUAGES, "this_place": this_place}
    )
    return app


def _add_parts(app: Flask, settings: Settings, engines: Sequence[Engine]) -> None:
    """Make what the processes of an app share between requests: keys, galleries, engines."""
    keys = KeyStore(settings)
    registry = GalleryRegistry(settings, keys)
    faces_at_once = settings.faces_at_once
    app.extensions |= {
        settings_module.NAME: settings,
        key_store.NAME: keys,
        registry_module.NAME: registry,
        active_model.NAME: ActiveModel(settings, registry, *engines),
        face_slots.NAME: FaceSlots(faces_at_once, settings.faces_waiting, settings.faces_patience),
        processor_time.NAME: ProcessorTime(faces_at_once, settings.work_share),
        deferred_writes.NAME: DeferredWrites(),
        lock_watch.NAME: LockWatch(),
    }


def _cookie_key(settings: Settings) -> str | None:
    """Return the key of the cookies; without a usable one readiness fails and nothing is served."""
    with suppress(CookieKeyUnusable):
        return read_cookie_key(settings.secret_key_file)
    return None


def _flask_config(settings: Settings) -> dict[str, object]:
    return {
        "SECRET_KEY": _cookie_key(settings),
        "SQLALCHEMY_DATABASE_URI": settings.database,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(settings.database, settings.threads),
        "MAX_CONTENT_LENGTH": settings.request_bytes,
        "MAX_FORM_MEMORY_SIZE": settings.fields_bytes,
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=settings.session_hours),
        "SESSION_COOKIE_SECURE": settings.https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PREFERRED_URL_SCHEME": "https" if settings.https else "http",
        "TRUSTED_HOSTS": list(settings.hosts) or None,
        "WTF_CSRF_TIME_LIMIT": None,  # a token lives as long as its session
        "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "translations"),
        "RATELIMIT_STORAGE_URI": f"{SCHEME}://",
        "RATELIMIT_HEADERS_ENABLED": True,
    }


def _bind_extensions(app: Flask) -> None:
    db.init_app(app)
    migrate.init_app(app, db, directory=str(MIGRATIONS), render_as_batch=True)
    limiter.init_app(app)
    frame_limiter.init_app(app)
    babel.init_app(app, locale_selector=best_language)
    login.init_app(app)
    login.anonymous_user = Nobody
    login.user_loader(load_user)
    login.unauthorized_handler(_to_sign_in)
    with app.app_context():
        prepare_engine(db.engine)
        add_damage_watch(app, db.engine)


def _add_checks(app: Flask) -> None:
    """Register the checks of requests in their order: cheap and selective ones first."""
    time_requests(app)
    bound_requests(app)
    refuse_while_damaged(app)
    refuse_early(app)
    guard(app)
    count_requests(app)
    check_parameters(app)
    csrf.init_app(app)
    admit_requests(app)


def _to_sign_in() -> ResponseReturnValue:
    if request.blueprint in JSON_BLUEPRINTS:
        return answer(401)
    if request.method != "GET":
        check_network()
        check_form()
        return offer_again() or redirect(url_for("accounts.sign_in"))
    ended = 1 if "_user_id" in session else None
    wanted = request.script_root + request.full_path.rstrip("?")
    return redirect(url_for("accounts.sign_in", next=wanted, ended=ended))
