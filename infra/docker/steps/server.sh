#!/bin/sh
# Makes artifacts/server: the npm package, with the packages that it needs when it runs.
set -eu
node --import tsx infra/build-package.ts --out artifacts/server/dist
cp package.json package-lock.json .npmrc artifacts/server/
cd artifacts/server
npm ci --omit=dev --no-audit --no-fund
