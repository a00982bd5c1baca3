#!/bin/sh
# server-1.sh: on fast-afpacket-101: exchanges probes with fast-afpacket-102.
exec "$(dirname "$0")/exchange" fast-afpacket-101 fast-afpacket-102
