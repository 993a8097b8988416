"""OHIF's app-config.js: what this server really supports, in OHIF's words."""

import orjson

from dicomweb.access.permissions import Permission, Principal

# Who was logged out meanwhile logs in again, and comes back to the same study.
_LOGIN = b"""window.config.httpErrorHandler = error => {
  if (error.status === 401) {
    const here = window.location.pathname + window.location.search;
    window.location.assign("PREFIX/login?next=" + encodeURIComponent(here));
  }
};
"""
_DICOMWEB = "@ohif/extension-default.dataSourcesModule.dicomweb"


def script(prefix: str, principal: Principal) -> bytes:
    """`window.config = …;` for a viewer at `prefix`/viewer, as this person may use it.

    All addresses are paths: the browser's own origin is right, whatever stands before it.
    """
    root = f"{prefix}/dicom-web"
    source = {
        "friendlyName": "Lightbox",
        "name": "lightbox",
        "qidoRoot": root,
        "wadoRoot": root,
        "wadoUriRoot": f"{prefix}/wado",
        "qidoSupportsIncludeField": True,
        "supportsFuzzyMatching": True,
        "supportsWildcard": True,
        "enableStudyLazyLoad": True,
        "imageRendering": "wadors",
        # The list's preview, the panel of a study: small JPEGs that the server keeps.
        "thumbnailRendering": "thumbnail",
        "thumbnailRequestStrategy": "fetch",
        "dicomUploadEnabled": principal.may(Permission.UPLOAD),
        "singlepart": "video",
        "bulkDataURI": {"enabled": True},
        "omitQuotationForMultipartRequest": True,
    }
    configuration = {
        "name": "lightbox",
        "routerBasename": f"{prefix}/viewer",
        "extensions": [],
        "modes": [],
        "customizationService": {},
        "showStudyList": principal.studies is None,  # a share link shows its study
        "maxNumberOfWebWorkers": 3,
        "showWarningMessageForCrossOrigin": False,
        "showCPUFallbackMessage": True,
        "showLoadingIndicator": True,
        "strictZSpacingForVolumeViewport": True,
        "groupEnabledModesFirst": True,
        "maxNumRequests": {"interaction": 100, "thumbnail": 5, "prefetch": 25},
        # OHIF is cleared nowhere: everybody confirms once a year that they know.
        "investigationalUseDialog": {"option": "configure", "days": 365},
        "defaultDataSourceName": "dicomweb",
        "dataSources": [
            {"namespace": _DICOMWEB, "sourceName": "dicomweb", "configuration": source}
        ],
    }
    written = orjson.dumps(configuration, option=orjson.OPT_INDENT_2)
    return b"window.config = " + written + b";\n" + _LOGIN.replace(b"PREFIX", prefix.encode())
