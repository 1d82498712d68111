#!/usr/bin/env bash
# Stops the servers that demo.sh left running.
. "$(dirname "$0")/lib.sh"
scripts/postgrest.sh stop .demo
scripts/cluster.sh stop .demo
