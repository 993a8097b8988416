"""Who may: principals, permissions, and the middleware that puts one in front of the other.

For whoever writes handlers and pages
-------------------------------------
`request.scope["principal"]` is a Principal: `.name`, `.role`, `.may(Permission.EDIT)`,
`.sees(study_uid)`, `.studies` (None: all of them), `.csrf`. It is there on every request, that of
nobody included (`guard.NOBODY`, whose name is empty): a public page shows its login form to it.
With DICOMWEB_AUTH=none everybody is `anonymous`, an admin, whose `.csrf` is empty; but a change
that another site's page sends (Sec-Fetch-Site, Origin; not one of DICOMWEB_CORS_ORIGINS) is 403.

A route names its permission: `route("GET", "/studies", page, Permission.VIEW)`. Permission.PUBLIC
asks for nothing, Permission.KNOWN for any valid token. Without one an API answers 401 and a page
(GET, `Accept: text/html`, no path of an API) 303 to `/login?next=…`, without a line of the handler.
A handler that serves both kinds asks by itself: `guard.demand(request.scope, Permission.VIEW)`.

Limited principals (share links; `.studies` is a set) reach what is public, the Standard's paths
below /dicom-web/studies/{study}, and routes that say `narrows=True`: their handlers give no more
than `principal.sees`, or hand `principal.studies` to `archive.search(query, principal.studies)`.
Whatever the route, a path parameter `study` of another study is 404 for them; all else is 403.

The cookie of pages: POST /api/auth/session (JSON or form: `username`, `password`, optional `next`)
sets it, HttpOnly, SameSite=Lax; it answers JSON, or 303 to `next` for a form of a page (and back to
`/login?failed=1&next=…`, `failed=wait` when throttled). POST /api/auth/logout ends it (a form is
sent to /login). GET /api/auth/me tells name, role, permissions, csrf. Where people log in at an
OpenID provider, GET /api/auth/oidc/login?next=… begins it and ends in the same cookie; a browser
that wants a page is sent there instead of /login. Pages link there: browsers let no form end on
another server. Under the cookie every request that changes something carries
`X-CSRF-Token: <csrf>`, or the form field `csrf` as the FIRST field of the form:
`<input type="hidden" name="csrf" value="{{ request.scope.principal.csrf }}">`.
Below /dicom-web and /wado the browser's Origin and Sec-Fetch-Site are checked instead. Bearer
tokens need neither.
"""
