#!/bin/sh
# What the next steps need beside Node: pip, which fetches the model.
set -eu
python3 -m pip --version >/dev/null 2>&1 && exit 0
apt-get update -q
apt-get install -q -y --no-install-recommends python3-pip
rm -rf /var/lib/apt/lists/*
