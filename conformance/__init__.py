"""A black-box conformance suite of PS3.18's Studies service and WADO-URI: any base URL, plain pytest."""
