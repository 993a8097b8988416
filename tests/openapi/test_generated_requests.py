"""schemathesis reads our OpenAPI document and tries what it says, and what it forbids."""

import orjson
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks
from servers import Server

from dicomweb import extension
from dicomweb.app import all_routes
from dicomweb.settings import DEFAULT_EXTENSIONS
from extensions.openapi.document import described

load_all_checks()
# To take more than the document promises (a field that is passed over, say) is no fault.
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


ROUTES = all_routes(extension.load(DEFAULT_EXTENSIONS))
DOCUMENT = schemathesis.openapi.from_dict(orjson.loads(orjson.dumps(described(ROUTES))))


@DOCUMENT.parametrize()
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_server_does_what_its_document_says(server: Server, case: schemathesis.Case) -> None:
    answer = case.call(base_url=server.address, timeout=30)
    case.validate_response(answer, checks=[CHECKS.get_one(name) for name in CHECKED])
