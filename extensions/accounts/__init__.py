"""Accounts, logins, API keys and share links: who may come in, kept in the archive's database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dicomweb.access.secret import secret_of
from dicomweb.archive import Archive
from dicomweb.extension import Extension
from dicomweb.settings import Settings
from extensions.accounts import administration, entrance, tables
from extensions.accounts.credentials import Credentials
from extensions.accounts.tokens import Tokens


@asynccontextmanager
async def opened(settings: Settings, archive: Archive) -> AsyncIterator[dict[str, object]]:
    """`credentials` is what the gate asks, `tokens` what signs."""
    secret = secret_of(settings.data_dir, settings.secret, settings.secret_file)
    tokens = Tokens(secret)
    yield {"tokens": tokens, "credentials": Credentials(settings, archive, tokens)}


extension = Extension(
    name="accounts",
    routes=[*entrance.routes, *administration.routes],
    tables=[tables.create],
    opened=opened,
)
