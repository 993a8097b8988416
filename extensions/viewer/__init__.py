"""OHIF at /viewer: the same origin, nothing to configure, nothing fetched from elsewhere.

The build itself is no part of this repository: `make viewer` fetches it (extensions.viewer.fetch).
"""

from dicomweb.access.guard import route
from dicomweb.access.permissions import Permission
from dicomweb.extension import Extension
from extensions.viewer.serving import page, resource

extension = Extension(
    name="viewer",
    routes=[
        route("GET", "/viewer", page, Permission.PUBLIC),
        route("GET", "/viewer/{path:path}", resource, Permission.PUBLIC),
    ],
)
