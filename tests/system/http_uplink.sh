#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The HTTP uplink with a real daemon and a real server: TLS, certificates and
# tokens as they should be and as they should not, a server that dies and comes
# back, redirects to plain text, bodies that another parser reads, secrets that
# are shown nowhere.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"

build=${top_builddir:?}
modules=$work/modules
mkdir "$modules"
cp "$build"/modules/.libs/http_uplink.so "$build"/modules/.libs/metrics.so \
	"$build"/tests/lib/.libs/numbers.so "$modules"
make_tls
make_ca wrong-ca
make_certificate wrong-ca stranger localhost DNS:localhost,IP:127.0.0.1
make_certificate ca elsewhere other.example DNS:other.example
tls=$work/tls
printf 'very-secret\n' >"$work/token"

# sink NAME [KEY=VALUE...]: a server on $port, once it listens
sink() {
	local name=$1
	shift
	: >"$work/$name.log"
	start "$name" "$build/tests/lib/http_sink" "port=${port:-0}" \
		"certificate=$tls/${certificate:-server}.pem" \
		"key=$tls/${certificate:-server}.key" "$@"
	wait_for "the server $name" has_logged "$name" '^port '
	port=$(sed -n 's/^port //p' "$work/$name.log")
}

# ask [QUERY]: the server's report, or another plan
ask() {
	curl -sSk --max-time 10 --cert "$tls/client.pem" --key "$tls/client.key" \
		"https://127.0.0.1:$port/control${1:+?$1}"
}

# figure NAME: a number of the report
figure() {
	ask | grep -oE "\"$1\":[0-9]+" | cut -d: -f2
}

at_least() {
	[ "$(figure "$1")" -ge "$2" ]
}

# config LIMIT [OPTION...]: numbers up to LIMIT, posted with these options
config() {
	local limit=$1
	shift
	{
		echo 'version: 1'
		echo 'gateway: {name: gw, group: plant}'
		echo 'http: {listen: "127.0.0.1:0"}'
		echo 'routes: [{to: up, from: [n]}]'
		echo 'instances:'
		echo "  n: {module: numbers, tags: 8, every: 1ms, limit: $limit}"
		echo '  metrics: {module: metrics}'
		echo '  up:'
		echo '    module: http_uplink'
		echo "    url: \"https://localhost:$port/in\""
		echo '    batch: {delay: 20ms}'
		echo '    retry: {min: 20ms, max: 200ms}'
		printf '    %s\n' "$@"
	} >"$work/edge.yaml"
}

daemon() {
	: >"$work/daemon.log"
	start daemon "$build/edgewayd" --module-dir "$modules" \
		--state-dir "$work/state" --run-dir "$work/run" "$work/edge.yaml"
	wait_for 'an answer' ctl status
}

ctl() {
	"$build/edgewayctl" --socket "$work/run/control.sock" "$@"
}

# health PATTERN: of the uplink's instance
health() {
	ctl --json instances | grep '"instance":"up"' | grep -qE "$1"
}

# has_all: nothing is under way or waiting any more
has_all() {
	local address
	address=$(sed -n 's/.*listening on 127.0.0.1:0 port=\([0-9]*\).*/\1/p' "$work/daemon.log")
	curl -sS --max-time 10 "http://127.0.0.1:$address/metrics" >"$work/metrics.log"
	grep -q '^edgeway_http_uplink_waiting{.*} 0$' "$work/metrics.log" &&
		awk '/^edgeway_http_uplink_samples_total/ { all = $2 >= 24000 }
			END { exit !all }' "$work/metrics.log"
}

# whole COUNT: so many numbers of each tag arrived, in order
whole() {
	wait_for "$1 numbers of 8 tags" at_least numbered $(($1 * 8))
	[ "$(figure missing)" -eq 0 ] || fail "missing: $(ask)"
	[ "$(figure reordered)" -eq 0 ] || fail "out of order: $(ask)"
	[ "$(figure malformed)" -eq 0 ] || fail "malformed: $(ask)"
}

mine=("ca: $tls/ca.pem" "certificate: $tls/client.pem" "key: $tls/client.key"
	"token: file:$work/token")
port=
step 'TLS, a client certificate and a token: all arrives'
sink sink "client_ca=$tls/ca.pem" 'authorization=Bearer very-secret'
config 2000 "${mine[@]}"
daemon
whole 2000
[ "$(figure duplicates)" -eq 0 ] || fail 'samples came twice'

step 'secrets are shown nowhere'
"$build/edgewayd" --module-dir "$modules" --check --print "$work/edge.yaml" \
	>"$work/print.log" 2>&1 || fail 'the check'
for log in daemon print; do
	if grep -q 'very-secret' "$work/$log.log"; then
		fail "the token is in $log.log"
	fi
done
stop daemon
[ "$status" -eq 0 ] || fail "the daemon ended with $status"
stop sink

step 'who is not signed by our CA, or is somebody else, gets nothing'
for certificate in stranger elsewhere; do
	sink sink
	config 100 "ca: $tls/ca.pem"
	daemon
	wait_for 'down' health '"health":"down".*(certificate|peer)'
	[ "$(figure accepted)" -eq 0 ] || fail "$certificate got samples"
	stop daemon
	stop sink
done

step 'without verification it is taken, and warned about'
certificate=stranger
sink sink
config 100 'tls: {verify: no}'
daemon
whole 100
has_logged daemon 'warning.*verify: no' || fail 'no warning'
stop daemon
stop sink
certificate=server

step 'a wrong token holds the samples back, a reload with the right one sends them'
sink sink 'authorization=Bearer very-secret'
printf 'wrong\n' >"$work/wrong-token"
config 500 "ca: $tls/ca.pem" "token: file:$work/wrong-token"
daemon
wait_for 'down' health '"health":"down".*HTTP 401'
config 500 "ca: $tls/ca.pem" "token: file:$work/token"
ctl reload >"$work/reload.log" 2>&1 || fail "$(cat "$work/reload.log")"
whole 500
stop daemon
stop sink

step 'the server dies in the middle, and comes back'
sink sink
config 3000 "ca: $tls/ca.pem"
daemon
wait_for 'some samples' at_least numbered 1000
tell sink KILL
ended sink
wait_for 'down' health '"health":"down"'
# what the dead one had may come once more: its answers may be lost
sink sink first=any
wait_for 'up' health '"health":"up"'
wait_for 'the last numbers' has_all
[ "$(figure missing)" -eq 0 ] || fail "missing: $(ask)"
[ "$(figure reordered)" -eq 0 ] || fail "out of order: $(ask)"
stop daemon
stop sink

step 'a redirect to plain text is not followed'
sink sink mode=downgrade
config 100 "ca: $tls/ca.pem"
daemon
wait_for 'down' health '"health":"down"'
[ "$(figure accepted)" -eq 0 ] || fail 'it was followed'
ask mode=ok >/dev/null
whole 100
stop daemon
stop sink

step 'the bodies are JSON to another parser'
sink sink mode=status status=400
for format in json ndjson; do
	ask 'mode=status&status=400' >/dev/null
	config 200 "ca: $tls/ca.pem" "format: $format" 'compression: gzip' \
		"fields: {gateway: '{group}/{gateway}', odd: \"a\\\\b\"}"
	rm -rf "$work/state"
	daemon
	wait_for 'dead letters' test -s "$work/state/instances/up/dead-letters.jsonl"
	ask mode=ok >/dev/null
	stop daemon
	jq -e -s --arg format "$format" 'length > 0 and all(.[]; .status == 400 and
		(.body | if $format == "json" then fromjson
			else split("\n") | map(select(. != "") | fromjson) end |
			length > 0 and all(.[]; .device == "n" and .quality == "good" and
				.gateway == "plant/gw" and .odd == "a\\b" and .time > 0)))' \
		"$work/state/instances/up/dead-letters.jsonl" >"$work/jq.log" ||
		fail "dead letters are not what they should be: $format"
	"$top_builddir/edgewayd" --dump-store "$work/state/instances/up/dead-letters" >"$work/kept.log"
	jq -e -s 'length > 0 and all(.[]; .device == "n" and .kind == "sample")' "$work/kept.log" \
		>"$work/jq.log" || fail "core kept none: $format"
done
stop sink
