"""The surface of the server as WADL, in XML and in JSON (PS3.18 8.9, Annexes G and H)."""

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from dicomweb.surface import Entry, Operation, Parameter, keys

Json = dict[str, object]

NAMESPACE = "http://wadl.dev.java.net/2009/02"


def application(entries: Iterable[Entry], base: str) -> Json:
    """The JSON form: attributes are `@name`, what may be repeated is an array (Annex G)."""
    top: Json = {}
    for entry in entries:
        node = top
        for segment in filter(None, entry.path.split("/")):
            node = _child(node, segment)
        methods = node.setdefault("method", [])
        assert isinstance(methods, list)
        methods.append(_method(entry))
    resource = {"@path": "/", **top} if "method" in top else top
    children = resource.pop("resource", [])
    assert isinstance(children, list)
    own = [resource] if "method" in resource else []
    return {"application": {"resources": {"@base": base, "resource": [*own, *children]}}}


def _child(node: Json, segment: str) -> Json:
    """The resource one segment further down, made when it is not there yet."""
    children = node.setdefault("resource", [])
    assert isinstance(children, list)
    for child in children:
        if child["@path"] == segment:
            found: Json = child
            return found
    made: Json = {"@path": segment}
    if segment.startswith("{"):
        made["param"] = [{"@name": segment.strip("{}"), "@style": "template"}]
    children.append(made)
    return made


def _method(entry: Entry) -> Json:
    told = entry.operation
    request: Json = {"param": [*_headers(told), *_query(told)]}
    if told.takes:
        request["representation"] = [{"@mediaType": name} for name in told.takes]
    good: Json = {"@status": " ".join(str(code) for code in told.statuses if code < 300)}
    if told.gives:
        good["representation"] = [{"@mediaType": name} for name in told.gives]
    rest = " ".join(str(code) for code in told.statuses if code >= 300)
    return {
        "@name": entry.method,
        "@id": told.name + "".join(_named(entry.path)),
        "doc": [{"@xml:lang": "en", "@title": f"{told.name} ({told.clause})"}],
        "request": request,
        "response": [good, {"@status": rest}] if rest else [good],
    }


def _named(path: str) -> Iterable[str]:
    """What tells apart the ids of one operation at several resources."""
    for segment in path.split("/"):
        if segment.startswith("{"):
            yield f"_{segment.strip('{}')}"


def _headers(told: Operation) -> list[Json]:
    headers: list[Json] = []
    if told.gives:
        headers.append(_param("Accept", "header", told.gives))
    if told.takes:
        headers.append(_param("Content-Type", "header", told.takes))
        headers.append(_param("Content-Encoding", "header", ("gzip",)))
    if 304 in told.statuses:
        headers.append(_param("If-None-Match", "header"))
    if 416 in told.statuses:
        headers.append(_param("Range", "header"))
    return headers


def _query(told: Operation) -> list[Json]:
    found = [_parameter(each) for each in told.parameters]
    for attribute in keys(told.levels):
        for name in (attribute.keyword, attribute.tag):
            found.append(_param(name, "query"))
    return found


def _parameter(parameter: Parameter) -> Json:
    found = _param(parameter.name, "query", parameter.options)
    if parameter.meaning:
        found["doc"] = [{"@xml:lang": "en", "@title": parameter.meaning}]
    return found


def _param(name: str, style: str, options: tuple[str, ...] = ()) -> Json:
    found: Json = {"@name": name, "@style": style}
    if options:
        found["option"] = [{"@value": value} for value in options]
    return found


def to_xml(document: Json) -> bytes:
    """The same as XML."""
    out = ['<?xml version="1.0" encoding="UTF-8"?>']
    root = document["application"]
    assert isinstance(root, dict)
    _element("application", {"@xmlns": NAMESPACE, **root}, out)
    return "".join(out).encode()


# The order in which WADL's schema wants children; attributes are written into the tag.
_ORDER = ("doc", "resources", "param", "option", "request", "response", "method", "resource")


def _element(name: str, content: Json, out: list[str]) -> None:
    attributes = "".join(
        f" {key[1:]}={quoteattr(str(value))}"
        for key, value in content.items()
        if key.startswith("@")
    )
    children = [
        (kind, child)
        for kind in (*_ORDER, "representation")
        for child in _several(content.get(kind))
    ]
    if not children:
        out.append(f"<{escape(name)}{attributes}/>")
        return
    out.append(f"<{name}{attributes}>")
    for kind, child in children:
        _element(kind, child, out)
    out.append(f"</{name}>")


def _several(content: object) -> list[Json]:
    if isinstance(content, list):
        return content
    return [content] if isinstance(content, dict) else []
