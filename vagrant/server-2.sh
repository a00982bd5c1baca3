#!/bin/sh
# server-2.sh: on fast-afpacket-102: exchanges probes with fast-afpacket-101.
exec "$(dirname "$0")/exchange" fast-afpacket-102 fast-afpacket-101
