# The service on PostgreSQL: PARS_DATABASE_URL and PARS_SECRET_KEY have to be set; compose.yaml sets both.
# `make check-docker` carries these steps out in a plain folder.
FROM python:3.11-slim AS build
WORKDIR /service
COPY requirements/runtime.txt requirements/runtime.txt
RUN python -m venv --without-pip /venv
RUN pip --python /venv/bin/python install --no-cache-dir --no-compile --only-binary :all: --require-hashes -r requirements/runtime.txt

FROM python:3.11-slim
WORKDIR /service
# What installs and builds packages is left behind.
RUN pip uninstall --yes pip setuptools wheel
RUN useradd --system --uid 10001 --home-dir /service --shell /usr/sbin/nologin pars
RUN mkdir --mode 700 var && chown pars var
COPY --from=build /venv /venv
COPY app app
COPY migrations migrations
USER pars
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/livez', timeout=3)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve", "--host", "0.0.0.0"]
