#!/bin/sh
# network.sh HOST
#
# Gives the interface with HOST's MAC address its IP addresses, and permanent neighbour entries for the other hosts, so that
# no address resolution disturbs the probes. To be run as root, after each boot.
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
