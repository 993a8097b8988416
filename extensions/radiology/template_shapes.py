"""What templates of reports look like in JSON: bodies that are taken, answers that are given."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from extensions.json_api import Line, Paging, Shape, Text, or_default
from extensions.radiology.fields import BodyPart, Code, ModalityCode, Title
from extensions.radiology.report_placeholders import PLACEHOLDERS
from extensions.radiology.report_shapes import Sections
from extensions.radiology.wording import cleaned


def _required(text: str) -> str:
    if not text.strip():
        raise ValueError("it must not be empty")
    return text


Content = Annotated[Text, AfterValidator(cleaned), AfterValidator(_required)]
Named = Annotated[Title, AfterValidator(_required)]
Format = Literal["text", "html"]


class NewTemplate(Shape):
    """A template. In text nothing is markup; HTML is made harmless before it is kept."""

    name: Named
    modality: ModalityCode
    body_part: BodyPart = Field(default="", description="As in CHEST; empty: for all of them.")
    content: Content = Field(
        description="May hold placeholders: "
        + ", ".join(f"{{{{{name}}}}}: {meaning}" for name, meaning in PLACEHOLDERS.items())
        + ". Headings as `Findings:` divide it into the sections of a report."
    )
    content_format: Format = "text"
    is_active: bool = True

    _defaults = field_validator("content_format", "is_active", mode="before")(or_default)


class TemplateChange(Shape):
    """The fields to change; what is not sent stays."""

    name: Named | None = None
    modality: ModalityCode | None = None
    body_part: BodyPart = ""
    content: Content | None = None
    content_format: Format | None = None
    is_active: bool | None = None


class TemplateQuery(Paging):
    """Which templates, by name."""

    modality: Code | None = None
    body_part: BodyPart | None = Field(
        default=None, description="Those for it, and those for every body part."
    )
    is_active: bool | None = Field(default=None, description="true by default.")
    q: Title | None = Field(default=None, description="Part of the name.")


class Template(Shape):
    """A template, or a version of one."""

    id: str
    name: str
    modality: str
    body_part: str
    content: str
    content_format: Format
    is_active: bool
    version: int
    created_at: str
    created_by: str
    updated_at: str
    updated_by: str


class FillQuery(Shape):
    """Whose values fill the placeholders."""

    study_id: Line = Field(min_length=1, max_length=128, description="Id or Study Instance UID.")


class FilledTemplate(Shape):
    """A template with the values of a study, as it was written and as the sections of a report."""

    template_id: str
    study_id: str
    content: str
    content_format: Format
    sections: Sections
    unknown_placeholders: list[str]
