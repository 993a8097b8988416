"""A page of a few words for who has no login yet: it needs no file, no script and no style."""

from starlette.responses import Response

from extensions.accounts.cookies import NO_STORE


def page(title: str, body: str, status: int, head: str = "") -> Response:
    """`title` in plain words; `body` and `head` are HTML already."""
    whole = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title} · Lightbox</title>'
        f'<meta name="viewport" content="width=device-width">{head}<h1>{title}</h1>{body}</html>'
    )
    headers = {**NO_STORE, "Referrer-Policy": "no-referrer"}
    return Response(whole, status, headers, "text/html; charset=utf-8")
