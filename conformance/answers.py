"""What a store answers: the Store Instances Response Module (PS3.18 Table I.1-1), read strictly."""

import json

import requests

from conformance.client import values

# PS3.18 Table I.2-2, and the general codes of PS3.7 that servers use for instances.
GENERAL_REASONS = {0x0106, 0x0110, 0x0111, 0x0117, 0x0119, 0x0120, 0x0122, 0x0124}


def module(response: requests.Response) -> dict:
    """The one data set of the answer (in DICOM JSON an object, as Annex B.21 has it)."""
    answer = json.loads(response.content)
    assert isinstance(answer, dict), f"the answer is one object, not {answer!r:.100}"
    return answer


def stored(response: requests.Response) -> set[str]:
    """SOP Instance UIDs of the Referenced SOP Sequence."""
    return {values(item, "00081155")[0] for item in values(module(response), "00081199")}


def failed(response: requests.Response) -> dict[str, int]:
    """SOP Instance UID -> Failure Reason, of the Failed SOP Sequence."""
    items = values(module(response), "00081198")
    return {values(item, "00081155")[0]: values(item, "00081197")[0] for item in items}


def other_failures(response: requests.Response) -> list[int]:
    """Failure Reasons of the Other Failures Sequence."""
    return [values(item, "00081197")[0] for item in values(module(response), "0008119A")]


def known_reason(reason: int) -> bool:
    """Whether a Failure Reason is one of those that the Standard lists."""
    return reason in GENERAL_REASONS or reason >> 8 in (0xA7, 0xA9) or reason >> 12 == 0xC
