# The image that steps of SQL run in on an engine: `docker build -t sqlml .`
FROM python:3.11-slim

ARG EXTRAS="explain,onnx,solve,timeseries,tune,s3,gcs,kubernetes"
RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*

COPY pyproject.toml README.md LICENSE /opt/sqlml/
COPY sqlml /opt/sqlml/sqlml
RUN pip install --no-cache-dir "/opt/sqlml[${EXTRAS}]"

# Steps share their cores: threads that wait must not spin.
ENV OMP_WAIT_POLICY=PASSIVE
RUN useradd --create-home sqlml
USER sqlml
WORKDIR /home/sqlml

ENTRYPOINT []
CMD ["sqlml", "--help"]
