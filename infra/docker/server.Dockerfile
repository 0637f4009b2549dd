# The image of a plain server: the REST API and the work behind it in one process. In the project's root:
#   docker build -f infra/docker/server.Dockerfile -t blockrag .
#   docker run --rm -v blockrag:/data blockrag keys add --name laptop      (prints the key, once)
#   docker run -p 8080:8080 -v blockrag:/data blockrag
# Base images by digest: --build-arg BUILD_IMAGE=node@sha256:... --build-arg RUNTIME_IMAGE=...
ARG BUILD_IMAGE=node:24-bookworm
ARG RUNTIME_IMAGE=node:24-bookworm-slim

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
COPY tsconfig.json tsconfig.build.json ./
COPY functions functions
COPY shared shared
# Before the rest of infra: it takes minutes, and the model changes seldom.
RUN infra/docker/steps/model.sh ${MODEL} ${ADAPTER} ${COMPUTE} ${EMBEDDER} ${RERANKER}
RUN infra/docker/steps/prune.sh
COPY infra infra
RUN infra/docker/steps/server.sh

FROM ${RUNTIME_IMAGE}
ARG MODEL=smollm2-135m-instruct
ARG ADAPTER=shipped
ARG COMPUTE=w8a8
COPY --from=build /opt/blockrag/cache /opt/blockrag/cache
COPY --from=build /build/artifacts/server/ /opt/blockrag/server/
RUN mkdir /data && chown 65534:65534 /data
ENV BLOCKRAG_CACHE=/opt/blockrag/cache BLOCKRAG_DATA=/data HOME=/tmp
ENV BLOCKRAG_MODEL=${MODEL} BLOCKRAG_ADAPTER=${ADAPTER} BLOCKRAG_COMPUTE=${COMPUTE}
VOLUME /data
EXPOSE 8080
USER 65534:65534
HEALTHCHECK CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then(({ ok }) => process.exit(ok ? 0 : 1))"]
ENTRYPOINT ["node", "/opt/blockrag/server/dist/functions/cli/blockrag.js"]
CMD ["serve", "--host", "0.0.0.0"]
