#!/bin/sh
# Makes artifacts/ARTIFACT for the platform that this runs on.
# Usage: package.sh ARTIFACT
set -eu
node --import tsx infra/build-functions.ts "$1"
