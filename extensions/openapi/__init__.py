"""OpenAPI 3.1 of all our own JSON APIs, and Swagger UI on it.

GET /openapi.json     written from the route tables: the models in it are those that validate
GET /api-docs         Swagger UI, from files of this server
"""

from dicomweb.access.guard import route
from dicomweb.access.permissions import Permission
from dicomweb.extension import Extension
from extensions.openapi import serving

extension = Extension(
    name="openapi",
    opened=serving.opened,
    routes=[
        route("GET", "/openapi.json", serving.document, Permission.VIEW),
        route("GET", "/api-docs", serving.page, Permission.VIEW),
        route("GET", "/api-docs/{name}", serving.file, Permission.PUBLIC),
    ],
)
