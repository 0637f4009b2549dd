#!/bin/sh
# Installs what package-lock.json names. Only what the bundles load gets into the image (package.sh).
set -eu
npm ci --no-audit --no-fund
