# The container that AWS Batch runs on GPUs: CUDA has no kernel for w8a8, so the model is compiled for fp16. In the
# project's root:
#   docker build -f infra/docker/gpu.Dockerfile --platform linux/amd64 -t blockrag-precompute .
# Base images by digest: --build-arg BUILD_IMAGE=node@sha256:... --build-arg RUNTIME_IMAGE=...
ARG BUILD_IMAGE=node:24-bookworm
# CUDA 12 and cuDNN 9: what onnxruntime 1.30 is linked with.
ARG RUNTIME_IMAGE=nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04

FROM ${BUILD_IMAGE} AS build
ARG MODEL=smollm2-135m-instruct
ARG ADAPTER=shipped
ARG EMBEDDER=all-minilm-l6-v2
ARG RERANKER=none
ARG COMPUTE=fp16
ENV BLOCKRAG_CACHE=/opt/blockrag/cache
WORKDIR /build
COPY infra/docker/steps infra/docker/steps
RUN infra/docker/steps/tools.sh
COPY package.json package-lock.json .npmrc ./
RUN infra/docker/steps/install.sh
RUN infra/docker/steps/cuda.sh
COPY tsconfig.json ./
COPY functions functions
COPY shared shared
RUN infra/docker/steps/model.sh ${MODEL} ${ADAPTER} ${COMPUTE} ${EMBEDDER} ${RERANKER}
RUN infra/docker/steps/prune.sh
COPY infra infra
RUN infra/docker/steps/package.sh precompute

FROM ${RUNTIME_IMAGE}
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /opt/blockrag/cache /opt/blockrag/cache
COPY --from=build /build/artifacts/precompute/ /opt/blockrag/precompute/
ENV BLOCKRAG_CACHE=/opt/blockrag/cache HOME=/tmp
WORKDIR /opt/blockrag/precompute
USER 65534:65534
CMD ["node", "main.mjs"]
