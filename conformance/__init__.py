"""A black-box conformance suite of PS3.18: the Studies service and WADO-URI of any server."""
