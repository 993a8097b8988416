"""The attributes of searches, once, as data: PS3.18 Tables 10.6.1-5, 10.6.3-3 to -5, PS3.4 C.6."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from dicomweb.resources import Level


class Returned(StrEnum):
    """When an attribute stands in a search result (return types of PS3.18 Table 10.6.3-3)."""

    ALWAYS = "always"
    IF_KNOWN = "if known"
    IF_ASKED = "if asked"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: its tag (`"00100010"`), keyword, VR, and what a search does with it.

    `level` is the one whose results carry it; `required` says that PS3.18 Table 10.6.1-5 wants it
    matched. Attributes that are not in the tables below are matched too, by the stored metadata.
    """

    tag: str
    keyword: str
    vr: str
    level: Level = Level.INSTANCE
    required: bool = False
    returned: Returned = Returned.IF_ASKED


# One line an attribute: tag, keyword, VR, "M" where matching is required, then R (returned always),
# C (if known) or O (if asked). Beyond the Standard these are returned always: every viewer wants
# StudyDescription, PatientAge, SeriesDate, SeriesTime, SeriesDescription and BodyPartExamined.
_STUDY = """
00080005 SpecificCharacterSet CS - C
00080020 StudyDate DA M R
00080030 StudyTime TM M R
00080050 AccessionNumber SH M R
00080056 InstanceAvailability CS - C
00080061 ModalitiesInStudy CS M C
00080062 SOPClassesInStudy UI - O
00080063 AnatomicRegionsInStudyCodeSequence SQ - O
00080090 ReferringPhysicianName PN M R
00080201 TimezoneOffsetFromUTC SH - C
00081030 StudyDescription LO - R
00081032 ProcedureCodeSequence SQ - O
00081060 NameOfPhysiciansReadingStudy PN - O
00081080 AdmittingDiagnosesDescription LO - O
00081110 ReferencedStudySequence SQ - O
00081190 RetrieveURL UR - C
00100010 PatientName PN M R
00100020 PatientID LO M R
00100021 IssuerOfPatientID LO - O
00100030 PatientBirthDate DA - R
00100032 PatientBirthTime TM - O
00100040 PatientSex CS - R
00101001 OtherPatientNames PN - O
00101002 OtherPatientIDsSequence SQ - O
00101010 PatientAge AS - R
00101020 PatientSize DS - O
00101030 PatientWeight DS - O
00102160 EthnicGroup SH - O
00102180 Occupation SH - O
001021B0 AdditionalPatientHistory LT - O
00104000 PatientComments LT - O
0020000D StudyInstanceUID UI M R
00200010 StudyID SH M R
00201200 NumberOfPatientRelatedStudies IS - O
00201202 NumberOfPatientRelatedSeries IS - O
00201204 NumberOfPatientRelatedInstances IS - O
00201206 NumberOfStudyRelatedSeries IS - R
00201208 NumberOfStudyRelatedInstances IS - R
"""
_SERIES = """
00080021 SeriesDate DA - R
00080031 SeriesTime TM - R
00080060 Modality CS M R
0008103E SeriesDescription LO - R
00081070 OperatorsName PN - O
00180015 BodyPartExamined CS - R
00181030 ProtocolName LO - O
0020000E SeriesInstanceUID UI M R
00200011 SeriesNumber IS M R
00200060 Laterality CS - O
00201209 NumberOfSeriesRelatedInstances IS - R
00400244 PerformedProcedureStepStartDate DA M C
00400245 PerformedProcedureStepStartTime TM M C
00400275 RequestAttributesSequence SQ M C
"""
_INSTANCE = """
00080016 SOPClassUID UI M R
00080018 SOPInstanceUID UI M R
00080023 ContentDate DA - O
00080033 ContentTime TM - O
00083002 AvailableTransferSyntaxUID UI - R
00200013 InstanceNumber IS M R
00280008 NumberOfFrames IS - C
00280010 Rows US - C
00280011 Columns US - C
00280100 BitsAllocated US - C
"""
# The two members of Request Attributes Sequence that have to be matched (Table 10.6.1-5).
STEP_ID = "00400009"
PROCEDURE_ID = "00401001"
_ITEMS = (
    Attribute(STEP_ID, "ScheduledProcedureStepID", "SH", Level.SERIES, required=True),
    Attribute(PROCEDURE_ID, "RequestedProcedureID", "SH", Level.SERIES, required=True),
)

# Further attributes that describe a study or a patient (PS3.3 C.7.1, C.7.2) and a series or its
# equipment (C.7.3, C.7.5, C.7.4.1): what stands in no list belongs to the instance.
_MORE_STUDY = frozenset(
    [
        "00080051",
        "00080054",
        "00080096",
        "0008009C",
        "0008009D",
        "00081048",
        "00081049",
        "00081062",
        "00081084",
        "00081120",
        "00321032",
        "00321033",
        "00321034",
        "00321060",
        "00321064",
        "00321066",
        "00321067",
        "00324000",
        "00201070",
        "00401012",
        "00120010",
        "00120020",
        "00120021",
        "00120030",
        "00120031",
        "00120040",
        "00120042",
        "00120050",
        "00120051",
        "00120062",
        "00120063",
        "00120064",
        "00120081",
        "00120082",
        "00120083",
    ]
)
_MORE_SERIES = frozenset(
    [
        "00080070",
        "00080080",
        "00080081",
        "00080082",
        "00081010",
        "00081040",
        "00081041",
        "0008103F",
        "00081050",
        "00081052",
        "00081072",
        "00081090",
        "00081111",
        "00081250",
        "00120060",
        "00120071",
        "00120072",
        "00120073",
        "00181000",
        "00181002",
        "00181003",
        "00181008",
        "00181020",
        "00181050",
        "00181200",
        "00181201",
        "00185100",
        "00200052",
        "00201040",
        "00280108",
        "00280109",
        "00400250",
        "00400251",
        "00400253",
        "00400254",
        "00400260",
        "00400280",
        "00400281",
        "300A0700",
    ]
)
# Everything about the patient and the visit is told once for a study.
_STUDY_GROUPS = frozenset({"0010", "0038"})
# The order of the levels, the study the highest.
RANK = {Level.STUDY: 0, Level.SERIES: 1, Level.INSTANCE: 2}
_RETURNED = {"R": Returned.ALWAYS, "C": Returned.IF_KNOWN, "O": Returned.IF_ASKED}


def _read(table: str, level: Level) -> tuple[Attribute, ...]:
    lines = (line.split() for line in table.split("\n") if line)
    return tuple(
        Attribute(tag, keyword, vr, level, required == "M", _RETURNED[returned])
        for tag, keyword, vr, required, returned in lines
    )


# The search attributes of each level, in the order of their tags.
TABLES = {
    Level.STUDY: _read(_STUDY, Level.STUDY),
    Level.SERIES: _read(_SERIES, Level.SERIES),
    Level.INSTANCE: _read(_INSTANCE, Level.INSTANCE),
}
_LISTED = (*TABLES[Level.STUDY], *TABLES[Level.SERIES], *TABLES[Level.INSTANCE], *_ITEMS)
_BY_TAG = {attribute.tag: attribute for attribute in _LISTED}
_BY_KEYWORD = {attribute.keyword: attribute for attribute in _LISTED}

# Dates and times that tell one moment together (PS3.4 C.2.2.2.5.4), date first.
MOMENTS = {
    "00080020": "00080030",  # Study
    "00080021": "00080031",  # Series
    "00080022": "00080032",  # Acquisition
    "00080023": "00080033",  # Content
    "00080012": "00080013",  # Instance Creation
    "00100030": "00100032",  # Patient's Birth
    "00400244": "00400245",  # Performed Procedure Step Start
    "00400250": "00400251",  # Performed Procedure Step End
    "00400002": "00400003",  # Scheduled Procedure Step Start
}


@lru_cache(maxsize=8192)
def level_of(tag: str) -> Level:
    """The level whose entity an attribute describes; the patient counts as part of the study."""
    known = _BY_TAG.get(tag)
    if known is not None:
        return known.level
    if tag in _MORE_STUDY or (tag[:4] in _STUDY_GROUPS):
        return Level.STUDY
    return Level.SERIES if tag in _MORE_SERIES else Level.INSTANCE


def is_private(tag: str) -> bool:
    """Whether the group is odd (PS3.5 7.8)."""
    return tag[3] in "13579BDF"


@lru_cache(maxsize=8192)
def by_tag(tag: str) -> Attribute | None:
    """The attribute of a tag in upper-case hex; None where neither we nor PS3.6 know it."""
    known = _BY_TAG.get(tag)
    if known is not None or is_private(tag):
        return known
    # pydicom costs a quarter of a second and 40 MB, which most servers never have to spend on this.
    from pydicom.datadict import dictionary_keyword, dictionary_VR

    number = int(tag, 16)
    # "US or SS" stands for what another attribute decides: the first is as good for an empty value.
    try:
        return Attribute(tag, dictionary_keyword(number), dictionary_VR(number)[:2], level_of(tag))
    except KeyError:
        return None


@lru_cache(maxsize=8192)
def by_keyword(keyword: str) -> Attribute | None:
    """The attribute of a keyword of PS3.6, case-sensitive (PS3.18 8.3.1), or None."""
    known = _BY_KEYWORD.get(keyword)
    if known is not None or not keyword[:1].isupper():
        return known
    from pydicom.datadict import tag_for_keyword

    number = tag_for_keyword(keyword)
    return None if number is None else by_tag(f"{number:08X}")
