"""A report as one HTML page: everything in it is text, and nothing in it is ever run."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from extensions.radiology.report_sheet import Sheet

if TYPE_CHECKING:
    from jinja2 import Template

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; max-width: 46rem; margin: 2rem auto;
  padding: 0 1rem; }
header { border-bottom: 2px solid; padding-bottom: .75rem; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 2rem 0 0; border-top: 1px solid; padding-top: 1rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
dl { display: grid; grid-template-columns: max-content 1fr max-content 1fr; gap: .15rem 1rem;
  margin: .75rem 0 0; }
dt { opacity: .7; }
dd { margin: 0; overflow-wrap: anywhere; }
p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.mark { font-weight: 700; letter-spacing: .1em; color: #b00020; }
.notice { font-weight: 600; margin-top: .75rem; }
footer { margin-top: 1.25rem; font-size: .9rem; opacity: .8; }
@media (max-width: 34rem) { dl { grid-template-columns: max-content 1fr; } }
@media (prefers-color-scheme: dark) { .mark { color: #ff8a80; } }
@media print { body { margin: 0; max-width: none; } }
"""

_DIGEST = b64encode(sha256(STYLE.encode()).digest()).decode()
# Only this style, no script, no request to anywhere; our own pages may show it in a frame.
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ sheet.title }}</title>
<style>{{ style }}</style>
</head>
<body>
<header>
{%- if sheet.mark %}
<p class="mark">{{ sheet.mark }}</p>
{%- endif %}
<h1>{{ sheet.title }}</h1>
<dl>
{%- for label, value in sheet.facts %}
<dt>{{ label }}</dt><dd dir="auto">{{ value }}</dd>
{%- endfor %}
</dl>
{%- if sheet.notice %}
<p class="notice">{{ sheet.notice }}</p>
{%- endif %}
</header>
<main>
{%- for part in sheet.parts %}
<article>
{%- if part.title %}
<h2>{{ part.title }}</h2>
{%- endif %}
{%- for passage in part.passages %}
<h3>{{ passage.title }}</h3>
<p dir="auto">{{ passage.text }}</p>
{%- endfor %}
<footer>
{%- for signature in part.signatures %}
<div>{{ signature }}</div>
{%- endfor %}
</footer>
</article>
{%- endfor %}
</main>
</body>
</html>
"""


def html(sheet: Sheet) -> bytes:
    """The page of a report, UTF-8; to be sent with HEADERS."""
    from markupsafe import Markup

    return _template().render(sheet=sheet, style=Markup(STYLE)).encode()  # our own, trusted text


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    return Environment(autoescape=True, undefined=StrictUndefined).from_string(_PAGE)
