#!/bin/sh
# Any script that builds and starts a program will do for `hot exec`, this one for instance:
#
#     hot exec --watch examples/live -- examples/live/dev.sh --addr 127.0.0.1:9000
#
# Saves then go live in the server. What cannot go live ends it and runs the script again.
set -e
cd "$(dirname "$0")"
cargo build
exec "${CARGO_TARGET_DIR:-../../target}/debug/live" "$@"
