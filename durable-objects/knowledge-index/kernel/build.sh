#!/bin/sh
# Rebuilds dot-products.wasm. The result is committed, so that building the product needs no WebAssembly toolchain.
set -eu
cd "$(dirname "$0")"
npx --yes --package=wabt@1.0.37 wat2wasm dot-products.wat -o dot-products.wasm
