#!/bin/sh
# network.sh HOST
#
# Gives the interface that has HOST's MAC address its IP addresses, and permanent entries for its neighbours, so that
# no frames but probes go over the network. To be run as root, again after each start.
set -eu
cd "$(dirname "$0")"
host=$1
device=$(./device "$host")

ip link set "$device" up
grep -v '^#' hosts | while read -r name mac ipv4 ipv6; do
    if [ "$name" = "$host" ]; then
        ip address replace "$ipv4/24" dev "$device"
        ip address replace "$ipv6/64" dev "$device" nodad
    else
        ip neighbour replace "$ipv4" lladdr "$mac" dev "$device" nud permanent
        ip neighbour replace "$ipv6" lladdr "$mac" dev "$device" nud permanent
    fi
done
