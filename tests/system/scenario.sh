#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The ground that the other scenarios stand on: a broker with TLS comes up, lets
# in who has a certificate and nobody else, and nothing is left of a test that
# fails in the middle.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"

step 'a broker that wants client certificates'
make_tls
make_certificate ca late gateway DNS:gateway -1
start_broker broker "cafile $work/tls/ca.pem" \
	"certfile $work/tls/server.pem" "keyfile $work/tls/server.key" \
	'require_certificate true'

# publish CA [OPTION...]
publish() {
	local ca=$1
	shift
	timeout -k 1 10 mosquitto_pub -h 127.0.0.1 -p "$broker_port" \
		--cafile "$work/tls/$ca.pem" -t t -m x -q 1 "$@"
}
with_client=(--cert "$work/tls/client.pem" --key "$work/tls/client.key")
with_late=(--cert "$work/tls/late.pem" --key "$work/tls/late.key")
publish ca "${with_client[@]}" ||
	fail 'a client with a certificate'
! publish ca 2>/dev/null || fail 'a client without a certificate came in'
! publish other-ca "${with_client[@]}" 2>/dev/null || fail 'the wrong CA was trusted'
! publish ca "${with_late[@]}" 2>/dev/null || fail 'an expired certificate came in'

step 'it ends when told, and comes back on its port'
port=$broker_port
stop broker
[ "$status" -eq 0 ] || fail "the broker ended with $status"
! is_listening "$port" || fail 'somebody still listens'
start_broker broker "cafile $work/tls/ca.pem" \
	"certfile $work/tls/server.pem" "keyfile $work/tls/server.key"
[ "$broker_port" = "$port" ] || fail 'it came back on another port'

step 'a test that fails leaves nothing and shows what it started'
cat >"$work/bad.sh" <<-'END'
	. "$top_srcdir/tests/lib/scenario.bash"
	patience=1
	start loud bash -c 'echo here I am; exec sleep 600'
	echo "$work $(pid_of loud)"
	wait_for 'what never comes' false
	echo 'not reached'
END
! bash "$work/bad.sh" >"$work/bad.out" 2>&1 || fail 'it did not fail'
read -r folder pid <"$work/bad.out"
grep -q 'waited 1 s for: what never comes' "$work/bad.out" || fail 'no reason'
grep -q 'here I am' "$work/bad.out" || fail 'no log'
! grep -q 'not reached' "$work/bad.out" || fail 'it went on'
[ ! -e "$folder" ] || fail "$folder is left"
[ ! -e "/proc/$pid" ] || fail "process $pid is left"
