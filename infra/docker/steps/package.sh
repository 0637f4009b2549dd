#!/bin/sh
# Makes dist/ARTIFACT for the platform that this runs on.
# Usage: package.sh ARTIFACT
set -eu
node --import tsx infra/build.ts "$1"
