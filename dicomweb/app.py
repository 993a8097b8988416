"""Puts the parts together: settings in, a Starlette application out."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from dicomweb import extension, failures, hygiene, logs, process
from dicomweb.access import asking
from dicomweb.access.gate import Gate
from dicomweb.access.guard import Guard, GuardedRoute, Identify, anonymous
from dicomweb.access.oidc import Provider
from dicomweb.access.secret import secret_of
from dicomweb.addresses import Addresses
from dicomweb.answers import in_thread
from dicomweb.archive import Archive
from dicomweb.conversion import Conversion
from dicomweb.first_imports import one_at_a_time
from dicomweb.index import Extension as TableSteps
from dicomweb.index import Index
from dicomweb.metrics import Measured
from dicomweb.rendering import Rendering
from dicomweb.routing import SegmentRouter
from dicomweb.services import (
    bulkdata,
    capabilities,
    frames,
    operations,
    qido,
    rendered,
    stow,
    wado,
    wado_uri,
)
from dicomweb.settings import Settings, WrongSetting, load
from dicomweb.storage.filesystem import FileSystem

ROOT = "/dicom-web"

# What a page of another origin may send and see (PS3.18 8.4, 8.5; preflights are cached a day).
CORS_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
CORS_HEADERS = ("*",)  # a page of a trusted origin may name its requests, X-Requested-With
CORS_EXPOSED = (
    "Content-Disposition",
    "Content-Location",
    "Content-Range",
    "Accept-Ranges",
    "ETag",
    "Link",
    "Location",
    "Warning",
    "WWW-Authenticate",
    "X-DICOM-Metadata",
    "X-Total-Count",
)


class Paths:
    """`/studies/` and `//studies` are `/studies`: clients build URLs by joining strings."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            if path != "/" and (path.endswith("/") or "//" in path):
                scope["path"] = "/" + "/".join(filter(None, path.split("/")))
        await self.app(scope, receive, send)


def open_archive(settings: Settings, extensions: Sequence[extension.Extension]) -> Archive:
    """The archive that the settings describe. Raises errors.Unavailable when it cannot be had."""
    one_at_a_time()  # its threads need large libraries, some of them for the first time at once
    settings.make_data_dir()
    index = Index(
        settings.index_url,
        extensions=[TableSteps(each.name, each.tables) for each in extensions if each.tables],
        on_stored=[each.on_stored for each in extensions if each.on_stored],
        on_removed=[each.on_removed for each in extensions if each.on_removed],
    )
    return Archive(index, FileSystem(settings.blob_dir), cache_bytes=settings.cache_mb * 1_000_000)


def all_routes(extensions: Sequence[extension.Extension]) -> list[BaseRoute]:
    """The whole HTTP surface: the Standard's services below the root, then what we add."""
    standard = [
        *frames.routes,
        *bulkdata.routes,
        *rendered.routes,
        *qido.routes,  # its …/count before the UIDs of the next
        *wado.routes,
        *stow.routes,
        *capabilities.routes,
    ]
    below = [
        GuardedRoute(
            (ROOT + each.path).rstrip("/"),
            each.endpoint,
            permission=each.permission,
            methods=sorted(each.methods or ()),
            refused=each.refused,
            operation=each.operation,
            narrows=each.narrows or "{study}" in each.path,  # all they give is of that study
        )
        for each in standard
    ]
    added = [each for joined in extensions for each in joined.routes]
    return [*below, *wado_uri.routes, *operations.routes, *added]


def create_app(settings: Settings | None = None) -> ASGIApp:
    """The ASGI application; without settings, from the environment (uvicorn --factory)."""
    settings = settings or load()
    logs.configure(settings.log, requests=settings.log_requests)
    process.tune()
    extensions = extension.load(settings.extensions)
    router = SegmentRouter(all_routes(extensions), partial(_lifespan, settings, extensions))
    guarded = Guard(Paths(router), _identify(settings, extensions))
    nowhere = next((each.nowhere for each in extensions if each.nowhere), None)
    answered = _open_to_origins(failures.Answered(guarded, nowhere), settings)
    told = [each.answered for each in extensions if each.answered]
    return Measured(hygiene.Marked(answered, log_requests=settings.log_requests), told)


def _identify(settings: Settings, extensions: Sequence[extension.Extension]) -> Identify:
    """Who tells who sends a request, by DICOMWEB_AUTH."""
    if settings.auth == "none":
        return anonymous
    if not any(each.name == "accounts" for each in extensions):
        raise WrongSetting(
            f"DICOMWEB_EXTENSIONS is wrong: DICOMWEB_AUTH={settings.auth} needs "
            "extensions.accounts in it."
        )
    provider = None
    if settings.auth == "oidc":
        provider = Provider(
            settings.oidc_issuer,
            settings.oidc_audience,
            settings.oidc_claims,
            settings.oidc_roles,
            settings.oidc_scopes,
        )
    return Gate(asking.in_thread if provider else in_thread, provider)


@asynccontextmanager
async def _lifespan(
    settings: Settings, extensions: Sequence[extension.Extension], app: object
) -> AsyncIterator[dict[str, Any]]:
    """What every handler finds in `request.state`; extensions add theirs."""
    archive = open_archive(settings, extensions)
    cache = settings.cache_mb * 1_000_000
    conversion = Conversion(archive, cache_bytes=cache)
    state: dict[str, Any] = {
        "archive": archive,
        "conversion": conversion,
        "rendering": Rendering(archive, conversion, cache_bytes=cache),
        "addresses": Addresses(settings, ROOT),
        "settings": settings,
        "secret": secret_of(settings.data_dir, settings.secret, settings.secret_file),
    }
    async with AsyncExitStack() as stack:
        stack.callback(archive.close)
        for each in extensions:
            if each.opened:
                state |= await stack.enter_async_context(each.opened(settings, archive))
        process.settle()
        yield state


def _open_to_origins(app: ASGIApp, settings: Settings) -> ASGIApp:
    """CORS for the pages that the settings name; without any, nothing is added."""
    if not settings.cors_origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=settings.cors_origins,
        allow_methods=CORS_METHODS,
        allow_headers=CORS_HEADERS,
        expose_headers=CORS_EXPOSED,
        max_age=86_400,
    )
