#!/usr/bin/env bash
# Rewrites our C++ in the house format (.clang-format).
. "$(dirname "$0")/lib.sh"
find src test bench -name '*.[ch]pp' -print0 2> /dev/null | xargs -0r clang-format -i
