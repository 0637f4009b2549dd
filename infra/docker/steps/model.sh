#!/bin/sh
# Fetches the model, the embedding model and the reranker, compiles and checks the model: $BLOCKRAG_CACHE.
# Usage: model.sh MODEL ADAPTER COMPUTE EMBEDDER RERANKER
set -eu
BLOCKRAG_EMBEDDER="$4" BLOCKRAG_RERANKER="$5" node functions/cli/blockrag.js model pull "$1"
node functions/cli/blockrag.js model compile "$1" --adapter "$2" --compute "$3"
