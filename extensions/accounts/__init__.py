"""Accounts, logins, API keys and share links: who may come in, kept in the archive's database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dicomweb.access.code_flow import CodeFlow
from dicomweb.access.oidc import Provider
from dicomweb.access.secret import read_secret, secret_of
from dicomweb.archive import Archive
from dicomweb.extension import Extension
from dicomweb.settings import Settings
from extensions.accounts import administration, browser_login, entrance, tables
from extensions.accounts.credentials import Credentials
from extensions.accounts.provider_logins import Renewals
from extensions.accounts.tokens import Tokens


@asynccontextmanager
async def opened(settings: Settings, archive: Archive) -> AsyncIterator[dict[str, object]]:
    """`credentials` is what the gate asks, `tokens` what signs, `oidc_flow` a provider's login."""
    secret = secret_of(settings.data_dir, settings.secret, settings.secret_file)
    tokens = Tokens(secret)
    flow = _flow(settings) if settings.oidc_flow else None
    renewals = Renewals(archive, tokens, flow) if flow else None
    credentials = Credentials(settings, archive, tokens, renewals)
    yield {"tokens": tokens, "credentials": credentials, "oidc_flow": flow}


def _flow(settings: Settings) -> CodeFlow:
    """This server as a client of the provider that the settings name."""
    provider = Provider(
        settings.oidc_issuer,
        settings.oidc_audience,
        settings.oidc_claims,
        settings.oidc_roles,
        settings.oidc_scopes,
    )
    secret = settings.oidc_client_secret
    if settings.oidc_client_secret_file and not secret:
        secret = read_secret("DICOMWEB_OIDC_CLIENT_SECRET_FILE", settings.oidc_client_secret_file)
    return CodeFlow(provider, settings.oidc_client_id, secret, settings.oidc_login_scopes)


extension = Extension(
    name="accounts",
    routes=[*entrance.routes, *browser_login.routes, *administration.routes],
    tables=[tables.create, tables.create_provider],
    opened=opened,
)
