#!/usr/bin/env bash
# Starts the example server under `hot run`. What is given here goes to `hot run`; what follows
# `--` goes to the server: ./run.sh -- --addr 127.0.0.1:9000
set -euo pipefail
cd "$(dirname "$0")"
# Not --quiet: the first build takes a minute or two, and is worth seeing.
exec cargo run -p hot-cli --bin hot -- run -p live "$@"
