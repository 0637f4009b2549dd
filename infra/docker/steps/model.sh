#!/bin/sh
# Fetches the model and the embedding model, compiles and checks the model: $BLOCKRAG_CACHE.
# Usage: model.sh MODEL ADAPTER COMPUTE EMBEDDER
set -eu
BLOCKRAG_EMBEDDER="$4" node functions/cli/blockrag.js model pull "$1"
node functions/cli/blockrag.js model compile "$1" --adapter "$2" --compute "$3"
