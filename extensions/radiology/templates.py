"""Templates of reports (/api/radiology/report-templates): by modality and body part, versioned."""

from typing import Any

from sqlmodel import Session, col, func, or_, select
from starlette.requests import Request
from starlette.responses import Response

from dicomweb.access.guard import actor_of
from dicomweb.access.permissions import Permission
from dicomweb.actor import Actor
from dicomweb.archive import Archive
from dicomweb.errors import BadRequest, NotFound
from extensions.audit import Action, Entry, enter
from extensions.json_api import Page, api, check_match
from extensions.radiology.lookup import find_study
from extensions.radiology.report_placeholders import Filled, fill, values_of
from extensions.radiology.report_shapes import Sections
from extensions.radiology.tables import RadiologyStudy, utc_now
from extensions.radiology.telling import answered
from extensions.radiology.template_shapes import (
    FilledTemplate,
    FillQuery,
    NewTemplate,
    Template,
    TemplateChange,
    TemplateQuery,
)
from extensions.radiology.template_tables import (
    RadiologyReportTemplate,
    RadiologyReportTemplateVersion,
)
from extensions.radiology.template_text import harmless, plain, sections

_FIELDS = ("name", "modality", "body_part", "content", "content_format", "is_active")


def create(request: Request, body: NewTemplate) -> Response:
    """A new template."""
    actor = actor_of(request.scope)
    template = RadiologyReportTemplate(
        **_kept(body.model_dump()), created_by=actor.name, updated_by=actor.name
    )
    template.updated_at = template.created_at
    with _archive(request).session() as session:
        session.add(template)
        session.flush()
        _remember(session, template)
        enter(session, _entry(Action.CREATE, template, actor))
        told = Template.model_validate(template)
    return answered(told, _etag(told), 201, f"/api/radiology/report-templates/{told.id}")


def _kept(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields as they are kept. Raises BadRequest where nothing harmless is left of HTML."""
    if fields.get("content_format") == "html":
        fields = {**fields, "content": harmless(fields["content"])}
        if not fields["content"].strip():
            raise BadRequest("content: nothing of this HTML may stand in a report.")
    return fields


def change(request: Request, body: TemplateChange) -> Response:
    """Other values for the fields that are sent; `isActive` brings a deleted one back."""
    actor = actor_of(request.scope)
    with _archive(request).session() as session:
        template = _found(session, request, locked=True)
        demanded = request.state.settings.require_if_match
        check_match(request, f'"{template.version}"', demanded=demanded)
        sent = body.model_dump(exclude_unset=True)
        now = {name: getattr(template, name) for name in _FIELDS}
        then = {**now, **{name: value for name, value in sent.items() if value is not None}}
        if then != now:
            then = _kept(then)
        if then != now:
            _change(session, template, then, actor)
            enter(session, _entry(Action.CHANGE, template, actor))
        told = Template.model_validate(template)
    return answered(told, _etag(told))


def remove(request: Request) -> None:
    """It is not offered any more; reports that were written with it still name it."""
    actor = actor_of(request.scope)
    with _archive(request).session() as session:
        template = _found(session, request, locked=True)
        check_match(request, f'"{template.version}"')
        if template.deleted_at is None:
            fields = {name: getattr(template, name) for name in _FIELDS}
            _change(session, template, {**fields, "is_active": False}, actor)
            template.deleted_at = template.updated_at
            enter(session, _entry(Action.DELETE, template, actor))


def _change(
    session: Session, template: RadiologyReportTemplate, fields: dict[str, Any], actor: Actor
) -> None:
    for name, value in fields.items():
        setattr(template, name, value)
    if template.is_active:
        template.deleted_at = None
    template.version += 1
    template.updated_at = utc_now()
    template.updated_by = actor.name
    session.add(template)
    session.flush()
    _remember(session, template)


def _remember(session: Session, template: RadiologyReportTemplate) -> None:
    fields = {name: getattr(template, name) for name in _FIELDS}
    session.add(
        RadiologyReportTemplateVersion(
            template_id=template.id,
            version=template.version,
            at=template.updated_at,
            by=template.updated_by,
            **fields,
        )
    )


def listed(request: Request, query: TemplateQuery) -> Page[Template]:
    """Templates by name; those that are active unless others are asked for."""
    conditions: list[Any] = [
        col(RadiologyReportTemplate.is_active).is_(query.is_active is not False)
    ]
    if query.modality:
        conditions.append(col(RadiologyReportTemplate.modality) == query.modality)
    if query.body_part:
        part = col(RadiologyReportTemplate.body_part)
        conditions.append(or_(part == query.body_part, part == ""))
    if query.q:
        name = func.lower(RadiologyReportTemplate.name)
        conditions.append(name.contains(query.q.lower(), autoescape=True))
    with _archive(request).reading() as session:
        total = session.exec(
            select(func.count()).select_from(RadiologyReportTemplate).where(*conditions)
        ).one()
        rows = session.exec(
            select(RadiologyReportTemplate)
            .where(*conditions)
            .order_by(col(RadiologyReportTemplate.name), col(RadiologyReportTemplate.id))
            .offset(query.offset)
            .limit(query.limit)
        ).all()
        told = [Template.model_validate(row) for row in rows]
    return Page(told, query.page, query.limit, total)


def read(request: Request) -> Response:
    """One template, deleted or not."""
    with _archive(request).reading() as session:
        told = Template.model_validate(_found(session, request))
    return answered(told, _etag(told))


def versions(request: Request) -> list[Template]:
    """Every version of a template, the newest first."""
    with _archive(request).reading() as session:
        template = _found(session, request)
        rows = session.exec(
            select(RadiologyReportTemplateVersion)
            .where(col(RadiologyReportTemplateVersion.template_id) == template.id)
            .order_by(col(RadiologyReportTemplateVersion.version).desc())
        ).all()
        return [_version_told(template, row) for row in rows]


def _version_told(
    template: RadiologyReportTemplate, row: RadiologyReportTemplateVersion
) -> Template:
    fields = {name: getattr(row, name) for name in _FIELDS}
    return Template(
        **fields,
        id=template.id,
        version=row.version,
        created_at=template.created_at,
        created_by=template.created_by,
        updated_at=row.at,
        updated_by=row.by,
    )


def filled(request: Request, query: FillQuery) -> FilledTemplate:
    """The template with the values of a study; nothing is stored."""
    with _archive(request).reading() as session:
        template = _found(session, request)
        study = find_study(session, request.scope["principal"], query.study_id)
        as_html = template.content_format == "html"
        values = values_of(study, actor_of(request.scope).name)
        content = fill(template.content, values, as_html=as_html)
        parts, _ = sections_of(template, study, actor_of(request.scope).name)
        return FilledTemplate(
            template_id=template.id,
            study_id=study.id,
            content=content.text,
            content_format="html" if as_html else "text",
            sections=Sections(**parts, template_id=template.id),
            unknown_placeholders=list(content.unknown),
        )


def sections_of(
    template: RadiologyReportTemplate, study: RadiologyStudy, author: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The sections of a report that a template makes for a study, and its unknown placeholders.

    The text is divided before it is filled: a value is no heading.
    """
    text = plain(template.content) if template.content_format == "html" else template.content
    values = values_of(study, author)
    unknown: dict[str, None] = {}
    parts: dict[str, str] = {}
    for name, part in sections(text).items():
        found: Filled = fill(part, values)
        parts[name] = found.text.rstrip()
        unknown |= dict.fromkeys(found.unknown)
    return parts, tuple(unknown)


def active_template(session: Session, id: str) -> RadiologyReportTemplate:
    """The template that a new report names. Raises BadRequest where it cannot be used."""
    found = session.get(RadiologyReportTemplate, id)
    if found is None:
        raise BadRequest("templateId: there is no such template.")
    if not found.is_active:
        raise BadRequest("templateId: this template is not active.")
    return found


def _archive(request: Request) -> Archive:
    archive: Archive = request.state.archive
    return archive


def _found(session: Session, request: Request, *, locked: bool = False) -> RadiologyReportTemplate:
    """The template of the path, deleted or not. Raises NotFound."""
    id = request.path_params["id"].replace("\0", "")  # PostgreSQL has none
    wanted = select(RadiologyReportTemplate).where(col(RadiologyReportTemplate.id) == id)
    found = session.exec(wanted.with_for_update() if locked else wanted).first()
    if found is None:
        raise NotFound("There is no such template.")
    return found


def _etag(told: Template) -> str:
    return f'"{told.version}"'


def _entry(action: Action, template: RadiologyReportTemplate, actor: Actor) -> Entry:
    return Entry(
        action, actor, "template", object=template.id, detail=f"version {template.version}"
    )


_TEMPLATES = "/api/radiology/report-templates"
_TEMPLATE = _TEMPLATES + "/{id}"

routes = [
    api(
        "GET",
        _TEMPLATES,
        listed,
        Permission.VIEW,
        asks=TemplateQuery,
        gives=Template,
        listed=True,
        summary="Templates by name, with filters",
    ),
    api(
        "POST",
        _TEMPLATES,
        create,
        Permission.MANAGE,
        takes=NewTemplate,
        gives=Template,
        status=201,
        summary="Make a template",
    ),
    api(
        "GET",
        _TEMPLATE,
        read,
        Permission.VIEW,
        gives=Template,
        refusals=(404,),
        summary="One template",
    ),
    api(
        "PUT",
        _TEMPLATE,
        change,
        Permission.MANAGE,
        takes=TemplateChange,
        gives=Template,
        refusals=(404, 412, 428),
        summary="Change a template; a version more",
    ),
    api(
        "DELETE",
        _TEMPLATE,
        remove,
        Permission.MANAGE,
        status=204,
        refusals=(404, 412),
        summary="Take a template out of use; it can be brought back",
    ),
    api(
        "GET",
        _TEMPLATE + "/versions",
        versions,
        Permission.VIEW,
        gives=list[Template],
        refusals=(404,),
        summary="Every version of a template, the newest first",
    ),
    api(
        "POST",
        _TEMPLATE + "/fill",
        filled,
        Permission.VIEW,
        asks=FillQuery,
        gives=FilledTemplate,
        refusals=(404, 410),
        summary="See a template filled for a study; nothing is stored",
    ),
]
