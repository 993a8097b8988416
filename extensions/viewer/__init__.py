"""OHIF at /viewer: the same origin, nothing to configure, nothing fetched from elsewhere.

Its files are public, its page and its settings are for who may view: where one route serves both,
the handler asks. OHIF's own requests go to the same origin, so that the browser sends the cookie.

The build itself is no part of this repository: `make viewer` fetches it (extensions.viewer.fetch).
"""

from dicomweb.access.guard import route
from dicomweb.access.permissions import Permission
from dicomweb.extension import Extension
from extensions.viewer.serving import page, resource

extension = Extension(
    name="viewer",
    routes=[
        route("GET", "/viewer", page, Permission.VIEW, narrows=True),
        route("GET", "/viewer/{path:path}", resource, Permission.PUBLIC),
    ],
)
