#!/bin/sh
# server-2.sh: fast-afpacket-102 sends to fast-afpacket-101, and listens to it.
exec "$(dirname "$0")/exchange" fast-afpacket-102 fast-afpacket-101
