# Lightbox in a container: not root, its data in /data, healthy when index and storage answer.
FROM python:3.11-slim-bookworm AS built

RUN apt-get update \
    && apt-get install -y --no-install-recommends make npm \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 lightbox \
    && install -d -o lightbox -g lightbox /app

USER lightbox
WORKDIR /app
COPY --chown=lightbox:lightbox pyproject.toml requirements.lock Makefile README.md LICENSE ./
COPY --chown=lightbox:lightbox dicomweb ./dicomweb
COPY --chown=lightbox:lightbox extensions ./extensions
# Compiled here, or every new container would spend half a second on it.
RUN make install viewer && .venv/bin/python -m compileall -q dicomweb extensions

# The same without npm, which only fetches the viewer.
FROM python:3.11-slim-bookworm

RUN useradd --create-home --uid 10001 lightbox && install -d -o lightbox -g lightbox /data
COPY --from=built --chown=lightbox:lightbox /app /app
USER lightbox
WORKDIR /app

ENV DICOMWEB_DATA_DIR=/data DICOMWEB_AUTH=local
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["/app/.venv/bin/python", "-c", \
    "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/health/ready', timeout=4)"]

# The first start makes the account `admin` and prints its generated password, once, unless
# DICOMWEB_ADMIN_PASSWORD or DICOMWEB_ADMIN_PASSWORD_FILE gives one.
ENTRYPOINT ["/app/.venv/bin/dicomweb"]
CMD ["serve", "--host", "0.0.0.0", "--first-admin"]
