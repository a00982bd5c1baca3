#!/bin/sh
# server-1.sh: fast-afpacket-101 sends to fast-afpacket-102, and listens to it.
exec "$(dirname "$0")/exchange" fast-afpacket-101 fast-afpacket-102
