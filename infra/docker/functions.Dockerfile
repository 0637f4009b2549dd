# The image of all Lambda functions; serverless.yml says by a command which one. In the project's root:
#   docker build -f infra/docker/functions.Dockerfile --platform linux/arm64 -t blockrag-functions .
# Base images by digest: --build-arg BUILD_IMAGE=node@sha256:... --build-arg RUNTIME_IMAGE=...
ARG BUILD_IMAGE=node:24-bookworm
ARG RUNTIME_IMAGE=public.ecr.aws/lambda/nodejs:24

FROM ${BUILD_IMAGE} AS build
ARG MODEL=smollm2-135m-instruct
ARG ADAPTER=shipped
ARG EMBEDDER=all-minilm-l6-v2
ARG RERANKER=none
ARG COMPUTE=w8a8
ENV BLOCKRAG_CACHE=/opt/blockrag/cache
WORKDIR /build
COPY infra/docker/steps infra/docker/steps
RUN infra/docker/steps/tools.sh
COPY package.json package-lock.json .npmrc ./
RUN infra/docker/steps/install.sh
COPY tsconfig.json ./
COPY functions functions
COPY shared shared
# Before the rest of infra: it takes minutes, and the model changes seldom.
RUN infra/docker/steps/model.sh ${MODEL} ${ADAPTER} ${COMPUTE} ${EMBEDDER} ${RERANKER}
RUN infra/docker/steps/prune.sh
COPY infra infra
RUN infra/docker/steps/package.sh functions

FROM ${RUNTIME_IMAGE}
COPY --from=build /opt/blockrag/cache /opt/blockrag/cache
COPY --from=build /build/artifacts/functions/ /var/task/
USER 65534:65534
CMD ["query.handler"]
