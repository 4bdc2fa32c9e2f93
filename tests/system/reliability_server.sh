#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Servers and links that fail in every way, while numbered samples flow: none is
# lost, none out of order, and no more than what was under way comes twice.
# $RELIABILITY_TIMES is how often each fault is tried.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
# shellcheck source=tests/lib/far_end.bash
. "$top_srcdir/tests/lib/far_end.bash"

times=${RELIABILITY_TIMES:-1}
take_modules numbers http_uplink
make_tls

# the uplink says that something is wrong
is_ailing() {
	ctl --json instances | grep '"instance":"cloud"' |
		grep -qE '"health":"(degraded|down|bad|warning)'
}

# flows: a hundred numbers more have come, and the uplink is well
flows() {
	wait_for 'samples to flow' has_more $((($(tally numbered) / tags + 100) * tags))
	wait_for 'the uplink to be well' is_well
}
is_well() {
	! is_ailing
}

# try FAULT BREAK HEAL: break and heal while samples flow
try() {
	local fault=$1 break=$2 heal=$3 n
	step "$fault"
	write_config
	daemon
	for ((n = 1; n <= times; n++)); do
		flows
		$break
		wait_for 'the uplink to notice' is_ailing
		$heal
	done
	judge "$fault" "$times"
	end_far_end
}

heal() {
	plan mode=ok
}

start_far_end
try 'server hangs' 'plan mode=hang' heal
start_far_end
try 'server drips its answer' 'plan mode=drip' heal
start_far_end
try 'server answers garbage' 'plan mode=garbage' heal
start_far_end
try 'server redirects for ever' 'plan mode=loop' heal
start_far_end
try 'server resets connections' 'plan mode=reset' heal
start_far_end
try 'server closes in mid-answer' 'plan mode=half' heal
start_far_end
try 'server answers without an end' 'plan mode=long' heal
start_far_end
try 'server says 503' 'plan mode=status&status=503' heal
start_far_end
try 'server says 401' 'plan mode=status&status=401' heal

kill_link() {
	stop link KILL 2>/dev/null
}
start_far_end
try 'link killed' kill_link start_link

# what it answered is in its journal: written before the answer, lost by no kill
kill_server() {
	stop sink KILL 2>/dev/null
}
start_server() {
	start_sink "journal=$work/journal"
}
start_far_end "journal=$work/journal"
try 'server killed and started' kill_server start_server

go_silent() {
	tell link USR2
}
start_far_end
try 'link is a black hole' go_silent go_silent

step 'link cut with RST'
start_far_end
write_config
daemon
for ((n = 1; n <= times * 10; n++)); do
	flows
	tell link USR1
done
judge 'link cut with RST' $((times * 10))
end_far_end

other_certificate() {
	tell link HUP
	tell link USR1
}
make_certificate other-ca wrong localhost DNS:localhost,IP:127.0.0.1
scheme=https
curl_options=(--cacert "$work/tls/ca.pem")
start_far_end "certificate=$work/tls/server.pem" "key=$work/tls/server.key"
wrong_port=$(free_port)
start wrong "$build/tests/lib/http_sink" "port=$wrong_port" \
	"certificate=$work/tls/wrong.pem" "key=$work/tls/wrong.key"
wait_for 'the wrong server' is_listening "$wrong_port"
kill_link
start_link "$wrong_port"
instance_lines=("ca: $work/tls/ca.pem")
try 'server shows a wrong certificate' other_certificate other_certificate
[ "$(curl -sf --cacert "$work/tls/other-ca.pem" "https://127.0.0.1:$wrong_port/control" |
	sed -nE 's/.*"samples":([0-9]+).*/\1/p')" -eq 0 ] ||
	fail 'the wrong server was given samples'
