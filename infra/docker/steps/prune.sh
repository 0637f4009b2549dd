#!/bin/sh
# Leaves of the cache what serves, readable for every user and writable for none.
set -eu
rm -rf "$BLOCKRAG_CACHE/downloads" "$BLOCKRAG_CACHE/hashes"
find "$BLOCKRAG_CACHE" -name '*.tmp' -exec rm -rf {} +
chmod -R a+rX,a-w "$BLOCKRAG_CACHE"
