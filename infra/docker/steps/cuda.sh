#!/bin/sh
# Fetches the CUDA provider of onnxruntime, which is too large for npm, from NuGet (350 MB). linux x64 only.
set -eu
ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js
