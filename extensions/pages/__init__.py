"""The pages at /: study list, upload, study, images, worklist, orders, reports, administration.

Server-rendered HTML that works before any script has run; our own modules below /static make it
quick. Every page is closed by a strict Content-Security-Policy, and no template marks anything
safe: whatever comes from a file or a person is escaped.
"""

from collections.abc import Callable
from typing import Any

from dicomweb.access.guard import GuardedRoute
from dicomweb.access.permissions import Permission
from dicomweb.extension import Extension
from extensions.pages.administration import accounts, audit
from extensions.pages.images import images
from extensions.pages.orders import changed_order, new_order, order
from extensions.pages.rendering import refused
from extensions.pages.report import annotations, report
from extensions.pages.session import login
from extensions.pages.static_files import static
from extensions.pages.studies import studies
from extensions.pages.study import study
from extensions.pages.tags import tags
from extensions.pages.worklist import worklist


def _page(
    path: str,
    handler: Callable[..., Any],
    permission: Permission = Permission.VIEW,
    *,
    narrows: bool = False,
) -> GuardedRoute:
    """A page: its refusals are pages too. `narrows`: it shows no more than the caller may see."""
    return GuardedRoute(
        path,
        handler,
        permission=permission,
        methods=["GET"],
        refused=refused,
        narrows=narrows,
    )


extension = Extension(
    name="pages",
    routes=[
        _page("/", studies, narrows=True),
        _page("/studies/{study}", study, narrows=True),
        _page("/studies/{study}/series/{series}", images, narrows=True),
        _page("/studies/{study}/tags", tags, narrows=True),
        _page("/studies/{study}/report", report),
        _page("/studies/{study}/annotations", annotations),
        _page("/worklist", worklist),
        _page("/orders/new", new_order, Permission.CREATE),
        _page("/orders/{id}", order),
        _page("/orders/{id}/edit", changed_order, Permission.EDIT),
        _page("/audit", audit, Permission.MANAGE),
        _page("/accounts", accounts, Permission.MANAGE),
        _page("/login", login, Permission.PUBLIC),
        _page("/static/{digest}/{name}", static, Permission.PUBLIC),
    ],
    nowhere=refused,
)
