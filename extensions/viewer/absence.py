"""The page at /viewer where OHIF has not been fetched: what to do, in one command."""

EXPLANATION = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The viewer is not installed - Lightbox</title>
<style>
:root { color-scheme: dark light; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 40rem; margin: 4rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem }
pre { padding: 1rem; border: 1px solid; border-radius: .5rem; overflow-x: auto }
</style>
</head>
<body>
<main>
<h1>The viewer is not installed yet</h1>
<p>Lightbox shows studies with the OHIF viewer, which npm fetches once (48 MB).
On the server, in the folder of Lightbox, run:</p>
<pre><code>make viewer</code></pre>
<p>Then load this page again; the server need not be restarted. npm comes with Node.js. An OHIF
build that is elsewhere is named by <code>DICOMWEB_VIEWER_DIR</code>.</p>
<p>All else works without it: the archive stores, finds and delivers studies.</p>
</main>
</body>
</html>
"""
