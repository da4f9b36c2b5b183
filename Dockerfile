# syntax=docker/dockerfile:1

# The build is the one that "make build" does anywhere.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum go.work ./
COPY client/go.mod client/go.sum client/
COPY protocol/go.mod protocol/go.sum protocol/
RUN go mod download
COPY . .
ARG VERSION=dev
RUN make build VERSION="$VERSION"

# With the engine torchscript: docker build --target torch. "make torch"
# installs libtorch here as it does anywhere; the image keeps the library alone.
FROM build AS build-torch
ARG VERSION=dev
RUN make torch VERSION="$VERSION"

FROM debian:bookworm-slim AS torch
RUN apt-get update \
    && apt-get install -y --no-install-recommends libtorch1.13 libopenblas0-pthread ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build-torch /src/penstock /penstock
COPY --from=build-torch /src/weights/digits-cnn /models/digits-cnn
USER 65532:65532
EXPOSE 8080
# As below.
ENV PENSTOCK_LISTEN=0.0.0.0:8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/penstock", "health"]
ENTRYPOINT ["/penstock"]
CMD ["serve", "--model=/models/digits-cnn"]

# With ONNX Runtime, for models that need it: docker build --target onnx. The library
# is the one of PyPI's package.
FROM python:3.12-slim-bookworm AS onnxruntime
RUN pip install --no-cache-dir --no-deps --target /onnxruntime onnxruntime==1.32.0

FROM debian:bookworm-slim AS onnx
RUN apt-get update \
    && apt-get install -y --no-install-recommends libstdc++6 ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=onnxruntime /onnxruntime/onnxruntime/capi/libonnxruntime.so.* /usr/local/lib/
COPY --from=build /src/penstock /penstock
USER 65532:65532
EXPOSE 8080
# As below.
ENV PENSTOCK_LISTEN=0.0.0.0:8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["/penstock", "health"]
ENTRYPOINT ["/penstock"]
CMD ["serve"]

# Nothing but the program, and the certificates of those whom it may call.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /src/penstock /penstock
USER 65532:65532
EXPOSE 8080

# Reachable from outside the container, and so it refuses to start until it is
# told that anybody who can reach it may use the models:
#   docker run -e PENSTOCK_ALLOW_ANONYMOUS=true -p 127.0.0.1:8080:8080 penstock
# Clients that call it by a name need PENSTOCK_ALLOW_HOST=name. The health check asks
# where PENSTOCK_LISTEN, or the file of PENSTOCK_CONFIG, says that the server listens.
ENV PENSTOCK_LISTEN=0.0.0.0:8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["/penstock", "health"]
ENTRYPOINT ["/penstock"]
CMD ["serve"]
