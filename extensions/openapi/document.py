"""Route tables as OpenAPI 3.1: paths, parameters, bodies and answers of every documented line."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter
from starlette.routing import BaseRoute

from dicomweb import __version__
from dicomweb.access.guard import GuardedRoute
from dicomweb.access.permissions import Permission
from extensions.json_api import Operation

_Mode = Literal["validation", "serialization"]
_REFERENCE = "#/components/schemas/{model}"
_ERROR = {
    "type": "object",
    "description": "Every refusal has this one shape.",
    "required": ["error", "message"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "type"],
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "type": {"type": "string"},
            },
        },
        "message": {"type": "string", "description": "What was wrong and what would be right."},
    },
}
_PAGINATION = {
    "type": "object",
    "required": ["page", "limit", "total"],
    "properties": {name: {"type": "integer"} for name in ("page", "limit", "total")},
}
_REFUSALS = {
    400: "A field or parameter is wrong; the message names it and what would be right.",
    401: "No valid token.",
    403: "The permission is missing.",
    404: "There is no such thing, or the caller may not see it.",
    409: "It contradicts what is stored.",
    410: "It was deleted.",
    412: "It has been changed meanwhile (If-Match).",
    413: "Too large.",
    415: "Another Content-Type is right.",
    422: "It cannot be processed.",
    428: "A change needs If-Match.",
    429: "Too many requests; Retry-After says when to try again.",
}


@dataclass(frozen=True, slots=True)
class _Line:
    """One documented line of a route table."""

    method: str
    path: str
    permission: Permission
    operation: Operation


def described(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The OpenAPI document of all routes that carry an Operation."""
    lines = list(_documented(routes))
    schemas: dict[str, Any] = {"Error": _ERROR, "Pagination": _PAGINATION}
    paths: dict[str, dict[str, Any]] = {}
    for line in lines:
        path = re.sub(r"{(\w+)(:\w+)?}", r"{\1}", line.path)
        paths.setdefault(path, {})[line.method.lower()] = _operation(line, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lightbox",
            "version": __version__,
            "description": "The APIs beside DICOMweb, whose own description is the capabilities "
            "document (OPTIONS /dicom-web).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _documented(routes: Sequence[BaseRoute]) -> Iterable[_Line]:
    for each in routes:
        if not isinstance(each, GuardedRoute) or not isinstance(each.operation, Operation):
            continue
        for method in sorted((each.methods or set()) - {"HEAD"}):
            yield _Line(method, each.path, each.permission, each.operation)


def _operation(line: _Line, schemas: dict[str, Any]) -> dict[str, Any]:
    operation = line.operation
    found: dict[str, Any] = {
        "operationId": _identifier(line),
        "summary": operation.summary,
        "tags": [_tag(line.path)],
        "parameters": [*_path_parameters(line.path), *_query_parameters(operation, schemas)],
        "responses": _responses(line, schemas),
    }
    if line.permission is not Permission.PUBLIC:
        found["security"] = [{"bearer": []}]
        found["description"] = f"Needs `{line.permission}`."
    if (body := _body(operation, schemas)) is not None:
        found["requestBody"] = {"required": True, "content": body}
    return found


def _identifier(line: _Line) -> str:
    words = re.findall(r"\w+", line.path)
    return "_".join([line.method.lower(), *words])


def _tag(path: str) -> str:
    """What the line is about: the first word of the path that says more than where it is."""
    words = [word for word in path.split("/") if word and not word.startswith("{")]
    telling = [word for word in words if word not in ("api", "radiology")]
    return telling[0] if telling else "api"


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)", path)
    ]


def _query_parameters(operation: Operation, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    if operation.asks is None:
        return []
    schema = _schema(operation.asks, schemas)
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": value,
            **({"description": value["description"]} if "description" in value else {}),
        }
        for name, value in schema.get("properties", {}).items()
    ]


def _body(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any] | None:
    content: dict[str, Any] = {}
    if operation.takes is not None:
        content["application/json"] = {"schema": _named(operation.takes, schemas)}
    if operation.form:
        content |= _form(operation)
    return content or None


def _form(operation: Operation) -> dict[str, Any]:
    files = [name for name, kind, _ in operation.form if kind == "file"]
    properties = {name: _field(kind, meaning) for name, kind, meaning in operation.form}
    media_type = "multipart/form-data" if files else "application/x-www-form-urlencoded"
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if len(files) == 1:  # of several any one will do
        schema["required"] = files
    return {media_type: {"schema": schema}}


def _field(kind: str, meaning: str) -> dict[str, Any]:
    if kind == "file":
        return {"type": "string", "format": "binary", "description": meaning}
    return {"type": kind, "description": meaning}


def _responses(line: _Line, schemas: dict[str, Any]) -> dict[str, Any]:
    operation = line.operation
    content: dict[str, Any] = {}
    if operation.gives is not None or not operation.media_types:
        content["application/json"] = {"schema": _envelope(operation, schemas)}
    for name in operation.media_types:
        content[name] = {}
    success: dict[str, Any] = {"description": operation.summary}
    if operation.status != 204:
        success["content"] = content
    others = {str(status): _other(operation, gives, schemas) for status, gives in operation.also}
    refusals = {400, *operation.refusals}
    if line.permission is not Permission.PUBLIC:
        refusals |= {401, 403}
    if "{" in line.path:
        refusals.add(404)
    if operation.takes is not None:
        refusals |= {413, 415}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return (
        {str(operation.status): success}
        | others
        | {
            str(status): {"description": _REFUSALS.get(status, "Refused."), "content": error}
            for status in sorted(refusals)
        }
    )


def _other(operation: Operation, gives: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """An answer at another status of success; without a type it is some JSON."""
    schema = {} if gives is None else _envelope(replace(operation, gives=gives), schemas)
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


def _envelope(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    gives = operation.gives
    data = _named(gives, schemas, "serialization") if gives is not None else {}
    if operation.bare:
        return data
    properties: dict[str, Any] = {"success": {"const": True}, "data": data}
    required = ["success", "data"]
    if operation.listed:
        properties["data"] = {"type": "array", "items": data}
        properties["pagination"] = {"$ref": "#/components/schemas/Pagination"}
        required.append("pagination")
    return {"type": "object", "required": required, "properties": properties}


def _named(kind: Any, schemas: dict[str, Any], mode: _Mode = "validation") -> dict[str, Any]:
    """A reference to the model's schema, which is put among the others; or the schema itself."""
    schema = _schema(kind, schemas, mode)
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return schema
    name = kind.__name__
    if schemas.setdefault(name, schema) != schema:  # as a body it is another than as an answer
        name = f"{name}{mode.title()}"
        schemas[name] = schema
    return {"$ref": _REFERENCE.format(model=name)}


def _schema(kind: Any, schemas: dict[str, Any], mode: _Mode = "validation") -> dict[str, Any]:
    schema = TypeAdapter(kind).json_schema(ref_template=_REFERENCE, mode=mode)
    for name, nested in schema.pop("$defs", {}).items():
        schemas.setdefault(name, nested)
    return schema
