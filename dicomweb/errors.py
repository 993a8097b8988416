"""Every way a request can fail: a tree of nouns, each with its status, and one sentence.

Refusal                       a request that cannot be served
├── BadRequest            400  the syntax or a parameter's value is wrong
├── Unauthorized          401  no valid token
├── Forbidden             403  a valid token without the permission
├── NotFound              404  no such resource
├── MethodNotAllowed      405  the resource exists, the method does not
├── NotAcceptable         406  none of the media types that the client accepts can be given
├── Conflict              409  the request contradicts what is stored
├── Gone                  410  it was here and has been deleted
├── PreconditionFailed    412  If-Match does not hold
├── TooLarge              413  the request, or its answer, is over a limit
├── UnsupportedMediaType  415  the Content-Type of the request cannot be read
├── RangeNotSatisfiable   416  the range lies outside the resource
├── PreconditionRequired  428  a change needs If-Match here
├── TooManyRequests       429  wait as long as Retry-After says
├── Fault                 500  our fault: what is stored cannot be read
└── Unavailable           503  a part that is needed does not answer now

InstanceRefused               one instance of a store that is not stored, with its reason

The sentence says what was wrong and what would be right. It never carries a server's path, a
traceback or patient data. Lower rooms raise these; `failures.py` turns them into responses.
"""


class Refusal(Exception):
    """A request that cannot be served: its status and one sentence for the person who sent it."""

    status = 500

    def __init__(self, sentence: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.headers = headers or {}


class BadRequest(Refusal):
    status = 400


class Unauthorized(Refusal):
    status = 401


class Forbidden(Refusal):
    status = 403


class NotFound(Refusal):
    status = 404


class MethodNotAllowed(Refusal):
    status = 405


class NotAcceptable(Refusal):
    """The sentence lists the media types that are available (PS3.18 8.5)."""

    status = 406


class Conflict(Refusal):
    status = 409


class Gone(Refusal):
    status = 410


class PreconditionFailed(Refusal):
    status = 412


class TooLarge(Refusal):
    status = 413


class UnsupportedMediaType(Refusal):
    """The sentence lists the media types that can be consumed (PS3.18 8.5)."""

    status = 415


class RangeNotSatisfiable(Refusal):
    status = 416


class PreconditionRequired(Refusal):
    status = 428


class TooManyRequests(Refusal):
    status = 429


class Fault(Refusal):
    status = 500


class Unavailable(Refusal):
    status = 503


class InstanceRefused(Exception):
    """One instance that is not stored (PS3.18 Table I.2-2): its Failure Reason and a sentence.

    The SOP UIDs are given as far as they could be read; where one is missing, the failure
    belongs in the Other Failures Sequence (0008,119A).
    """

    PROCESSING_FAILURE = 0x0110
    DUPLICATE = 0x0111
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    NO_RESOURCES = 0xA700
    DATASET_DOES_NOT_MATCH = 0xA900
    CANNOT_UNDERSTAND = 0xC000
    STUDY_DIFFERS = 0xC409
    TRANSFER_SYNTAX_NOT_SUPPORTED = 0xC122

    def __init__(
        self, reason: int, sentence: str, *, sop_class: str = "", sop_instance: str = ""
    ) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence
        self.sop_class = sop_class
        self.sop_instance = sop_instance
