#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Links that fail in the kernel, in a network namespace of its own, while numbered
# samples flow into a durable route: packets are dropped without a word, connections
# are refused with a reset, a third of all packets is lost.
# shellcheck disable=SC2093 # the rest is for the namespace
[ -n "${own_network:-}" ] ||
	own_network=1 exec unshare --net --map-root-user bash "$0"
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
# shellcheck source=tests/lib/far_end.bash
. "$top_srcdir/tests/lib/far_end.bash"

seconds=${SOAK_SECONDS:?}
take_modules numbers http_uplink
sections=('store: {size: 64MiB, sync: 10ms}')
first=1
ip link set lo up
nft 'add table inet link; add chain inet link in { type filter hook input priority 0 ; }'

rule() {
	nft "add rule inet link in tcp dport $link_port $1; add rule inet link in tcp sport $link_port $1"
}
heal() {
	nft flush chain inet link in
}
# shellcheck disable=SC2317 # by wait_for
is_ailing() {
	ctl --json instances | grep '"instance":"cloud"' |
		grep -qE '"health":"(degraded|down|bad|warning)'
}
flow() {
	wait_for 'samples to flow' has_more $(($(tally numbered) + 1000))
}

# break_link FAULT RULE: over and over for a third of the time
break_link() {
	local fault=$1 end=$((SECONDS + seconds / 3)) n=0
	step "$fault"
	start_far_end
	write_config
	daemon
	while [ "$SECONDS" -lt "$end" ]; do
		n=$((n + 1))
		flow
		rule "$2"
		wait_for 'the uplink to notice' is_ailing
		more $((RANDOM % 2000 + 1))
		heal
	done
	judge "$fault" "$n"
	end_far_end
}

patience=60
break_link 'packets dropped in the kernel' drop
break_link 'connections reset in the kernel' 'reject with tcp reset'
# a connection copes with it, or not
is_ailing() {
	true
}
break_link 'a third of all packets lost' 'numgen random mod 100 < 33 drop'
