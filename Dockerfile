# The service on PostgreSQL: PARS_DATABASE_URL and PARS_SECRET_KEY have to be set.
FROM python:3.11-slim AS build
WORKDIR /service
COPY requirements/runtime.txt requirements/runtime.txt
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements/runtime.txt

FROM python:3.11-slim
WORKDIR /service
RUN useradd --system --home-dir /service --shell /usr/sbin/nologin pars && mkdir var && chown pars var
COPY --from=build /venv /venv
COPY app app
COPY migrations migrations
USER pars
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=3)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve", "--host", "0.0.0.0"]
