#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Why a session does not begin: each cause has its name and its counter, is
# tried again, and never leads to a connection in plain text.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/uplink.bash
. "${top_srcdir:?}/tests/lib/uplink.bash"

make_tls
tls=$work/tls
make_certificate ca late localhost DNS:localhost,IP:127.0.0.1 -1
make_certificate ca other other.example DNS:other.example,IP:192.0.2.1
make_certificate ca late-client gateway DNS:gateway -1
secure=("cafile $tls/ca.pem" "certfile $tls/server.pem" "keyfile $tls/server.key")

# broker NAME LINE...: on a port of its own
broker() {
	broker_port=
	start_broker "$@"
}

# is_cause WHAT CAUSE OPTION=VALUE...: two tries fail for this cause and for no
# other, and no CONNECT has reached the broker
is_cause() {
	local what=$1 cause=$2
	shift 2
	step "$what: $cause"
	start_uplink up connect_timeout=1s "$@"
	say up start
	expect_status up "ends.$cause=([2-9]|[1-9][0-9])"
	status_is up "connects=0 .* ends.$cause=[0-9]+ text=.+" ||
		fail "$what: $(grep '^status' "$work/up.log" | tail -n 1)"
	say up 'stop 1'
	expect up '^stopped$'
	stop_uplink up
	! has_logged up 'received CONNACK \(0\)' || fail "$what: a session began"
}

broker server "${secure[@]}"
at=mqtts://localhost:$broker_port
is_cause 'a CA that did not sign' tls-ca "server=$at" "ca=$tls/other-ca.pem"
is_cause 'a CA file that is not there' files "server=$at" "ca=$tls/none.pem"
is_cause 'a key that does not fit' files "server=$at" "ca=$tls/ca.pem" \
	"certificate=$tls/client.pem" "key=$tls/server.key"
# the engine keeps a method of RSA and names for good, which is no leak of ours
lenient=${ASAN_OPTIONS:-}:detect_leaks=0
ASAN_OPTIONS=$lenient is_cause 'a token that is not there' files "server=$at" "ca=$tls/ca.pem" \
	"certificate=$tls/client.pem" 'key=pkcs11:token=none;object=none'
has_logged up "text=key 'pkcs11:...': .*is the token there" || fail 'no advice'
export OPENSSL_ENGINES=$work
is_cause 'a token without its engine' files "server=$at" "ca=$tls/ca.pem" \
	"certificate=$tls/client.pem" 'key=pkcs11:token=none;object=none'
has_logged up 'text=.*engine.*libengine-pkcs11-openssl' || fail 'no advice'
unset OPENSSL_ENGINES
is_cause 'a TLS port spoken to in plain text' lost \
	"server=mqtt://localhost:$broker_port" plaintext=yes
! has_logged server 'New client connected' || fail 'somebody came in'

free=$(free_port)
is_cause 'nobody listens' refused "server=mqtts://127.0.0.1:$free" "ca=$tls/ca.pem"
is_cause 'a name that does not exist' dns "server=mqtts://broker.invalid" "ca=$tls/ca.pem"
is_cause 'an address that is none' unreachable 'server=mqtts://224.0.0.1' "ca=$tls/ca.pem"

broker expired "cafile $tls/ca.pem" "certfile $tls/late.pem" "keyfile $tls/late.key"
is_cause 'an expired certificate' tls-expired "server=mqtts://localhost:$broker_port" \
	"ca=$tls/ca.pem"

broker elsewhere "cafile $tls/ca.pem" "certfile $tls/other.pem" "keyfile $tls/other.key"
is_cause 'a certificate for another name' tls-host \
	"server=mqtts://localhost:$broker_port" "ca=$tls/ca.pem"
is_cause 'a certificate for another address' tls-host \
	"server=mqtts://127.0.0.1:$broker_port" "ca=$tls/ca.pem"

broker strict "${secure[@]}" 'require_certificate true'
at=mqtts://localhost:$broker_port
is_cause 'no certificate of our own' tls-client "server=$at" "ca=$tls/ca.pem"
step 'our own, its key in a token'
export SOFTHSM2_CONF=$work/softhsm2.conf
mkdir "$work/tokens"
echo "directories.tokendir = $work/tokens" >"$SOFTHSM2_CONF"
printf 5678 >"$work/pin"
openssl pkcs8 -topk8 -nocrypt -in "$tls/client.key" -out "$work/client.p8"
{
	softhsm2-util --init-token --free --label gw --so-pin 1234 --pin 5678
	softhsm2-util --import "$work/client.p8" --token gw --label gateway --id a1 --pin 5678
} >"$work/softhsm.log" 2>&1
ASAN_OPTIONS=$lenient start_uplink up "server=$at" "ca=$tls/ca.pem" \
	"certificate=$tls/client.pem" \
	"key=pkcs11:token=gw;object=gateway?pin-source=file:$work/pin"
say up start
expect_status up 'state=online'
stop_uplink up
ASAN_OPTIONS=$lenient is_cause 'a wrong PIN' files "server=$at" "ca=$tls/ca.pem" "certificate=$tls/client.pem" \
	'key=pkcs11:token=gw;object=gateway?pin-value=0000'
! has_logged up 'text=.*0000' || fail 'the PIN is shown'
is_cause 'an expired one of our own' tls-client "server=$at" "ca=$tls/ca.pem" \
	"certificate=$tls/late-client.pem" "key=$tls/late-client.key"

mosquitto_passwd -b -c "$work/passwords" gateway right
broker passwords "${secure[@]}" 'allow_anonymous false' "password_file $work/passwords"
at=mqtts://localhost:$broker_port
is_cause 'a wrong password, MQTT 5' denied "server=$at" "ca=$tls/ca.pem" \
	username=gateway password=wrong
is_cause 'a wrong password, MQTT 3.1.1' denied "server=$at" "ca=$tls/ca.pem" \
	username=gateway password=wrong protocol=3.1.1
step 'and the right one'
start_uplink up "server=$at" "ca=$tls/ca.pem" username=gateway password=right
say up start
expect_status up 'state=online'
stop_uplink up

broker plain
is_cause 'a plain port spoken to in TLS' tls-other "server=mqtts://localhost:$broker_port" \
	"ca=$tls/ca.pem"

step 'a server that does not answer: timeout'
tell plain STOP
is_cause 'a broker that hangs' timeout "server=mqtt://localhost:$broker_port" plaintext=yes
tell plain CONT

step 'the second server of the list is found'
start_uplink up "server=mqtts://127.0.0.1:$free" "server=$at" "ca=$tls/ca.pem" \
	username=gateway password=right
say up start
expect_status up 'state=online .* connects=1 .* ends.refused=1'
stop_uplink up

step 'without verification, when the YAML says so'
start_uplink up "server=$at" tls.verify=no username=gateway password=right
say up start
expect_status up 'state=online'
stop_uplink up
has_logged up 'not verified' || fail 'no warning'
