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

# letters: the uplink has dead letters
letters() {
	[ -n "$(ctl --json dead-letters up)" ]
}

no_letters() {
	! letters
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

step 'a key that is written anew is noticed by a reload, and nothing else changed'
sink sink 'authorization=Bearer another-secret'
printf 'wrong\n' >"$work/wrong-token"
config 500 "ca: $tls/ca.pem" "token: file:$work/wrong-token"
rm -rf "$work/state"
daemon
wait_for 'down' health '"health":"down".*HTTP 401'
ctl reload >"$work/reload.log" 2>&1 || fail "$(cat "$work/reload.log")"
grep -q ' 0 instances changed' "$work/reload.log" || fail "$(cat "$work/reload.log")"
printf 'another-secret\n' >"$work/wrong-token"
ctl reload >"$work/reload.log" 2>&1 || fail "$(cat "$work/reload.log")"
grep -q ' 1 instances changed' "$work/reload.log" || fail "$(cat "$work/reload.log")"
whole 500
stop daemon
stop sink

step 'so is another CA in its place: the server is not trusted any more'
sink sink
cp "$tls/ca.pem" "$work/trusted.pem"
config 0 "ca: $work/trusted.pem"
rm -rf "$work/state"
daemon
wait_for 'some samples' at_least numbered 100
cp "$tls/wrong-ca.pem" "$work/trusted.pem"
ctl reload >"$work/reload.log" 2>&1 || fail "$(cat "$work/reload.log")"
wait_for 'down' health '"health":"down".*(certificate|peer)'
stop daemon
stop sink

step 'basic authentication'
printf 'pass:word\n' >"$work/password"
basic=("ca: $tls/ca.pem" 'username: user' "password: file:$work/password")
sink sink "authorization=Basic $(printf 'user:pass:word' | base64)"
config 500 "${basic[@]}"
rm -rf "$work/state"
daemon
whole 500
stop daemon
stop sink

step 'through a proxy that wants a name, and not without it'
proxy_port=$(free_port)
cat >"$work/proxy.conf" <<-END
	Port $proxy_port
	Listen 127.0.0.1
	Timeout 60
	MaxClients 20
	LogLevel Connect
	Allow 127.0.0.1
	BasicAuth guest guest-word
	ConnectPort ${port:-0}
END
printf 'guest-word\n' >"$work/proxy-password"
sink sink "authorization=Basic $(printf 'user:pass:word' | base64)"
sed -i "s/^ConnectPort .*/ConnectPort $port/" "$work/proxy.conf"
start proxy tinyproxy -d -c "$work/proxy.conf"
wait_for 'the proxy' is_listening "$proxy_port"
config 500 "${basic[@]}" "proxy: {url: \"http://127.0.0.1:$proxy_port\"}"
rm -rf "$work/state"
daemon
wait_for 'down' health '"health":"down"'
[ "$(figure accepted)" -eq 0 ] || fail 'the proxy was passed by'
config 500 "${basic[@]}" "proxy: {url: \"http://127.0.0.1:$proxy_port\", username: guest, password: \"file:$work/proxy-password\"}"
ctl reload >"$work/reload.log" 2>&1 || fail "$(cat "$work/reload.log")"
whole 500
grep -q "CONNECT localhost:$port" "$work/proxy.log" || fail "not through the proxy: $(cat "$work/proxy.log")"
! grep -q 'guest-word' "$work/daemon.log" || fail 'the password is in the log'
stop daemon
stop proxy
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
for format in json ndjson; do
	rm -f "$work/body"
	sink sink mode=status status=503 "body=$work/body"
	config 200 "ca: $tls/ca.pem" "format: $format" 'compression: gzip' \
		"fields: {gateway: '{group}/{gateway}', odd: \"a\\\\b\"}"
	rm -rf "$work/state"
	daemon
	wait_for 'a body' test -s "$work/body"
	stop daemon
	jq -e -s --arg format "$format" '(if $format == "json" then .[0] else . end) |
		length > 0 and all(.[]; .device == "n" and .quality == "good" and
			.gateway == "plant/gw" and .odd == "a\\b" and .time > 0)' \
		"$work/body" >"$work/jq.log" || fail "the body is not what it should be: $format"
	stop sink
done

step 'what is refused for good is kept, with the reason'
sink sink mode=status status=400
config 200 "ca: $tls/ca.pem"
rm -rf "$work/state"
daemon
wait_for 'dead letters' letters
ask mode=ok >/dev/null
[ "$(ctl --json dead-letters --count | jq -r '[.instance, .route, .reason] | join(" ")')" = \
	'up n>up HTTP 400' ] || fail "the count: $(ctl dead-letters --count)"
number=$(ctl --json dead-letters up | jq -s '.[0].number')
ctl --json dead-letters up "$number" |
	jq -e -s 'length == 8 and all(.[]; .device == "n" and .kind == "sample" and .value == 1)' \
		>"$work/jq.log" || fail "the first letter: $(ctl dead-letters up "$number")"
! ctl dead-letters up none 2>"$work/no.log" || fail 'a number that is none'
! ctl dead-letters nobody 2>"$work/no.log" || fail 'an instance that is none'
ctl dead-letters --clear up
wait_for 'none' no_letters
stop daemon
stop sink
