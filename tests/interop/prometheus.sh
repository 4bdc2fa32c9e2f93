#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A real Prometheus scrapes the page of the metrics module over HTTPS with a
# token; promtool finds nothing wrong with it; the query API answers with values
# of the daemon and of a tag.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"

# ask PATH: of the gateway
ask() {
	curl -sf -m 5 --cacert "$work/tls/ca.pem" \
		-H "Authorization: Bearer $token" "https://localhost:$port$1"
}

# query EXPRESSION: the value of its one series, at Prometheus
query() {
	curl -sf -m 5 --get "http://127.0.0.1:$prometheus/api/v1/query" \
		--data-urlencode "query=$1" |
		sed -n 's/.*"value":\[[0-9.]*,"\([^"]*\)"\].*/\1/p' | grep .
}

is_positive() {
	[ "$(query "$1" | cut -d. -f1)" -gt 0 ]
}

step "a gateway with TLS and tokens"
make_ca ca
make_certificate ca server localhost DNS:localhost,IP:127.0.0.1
port=$(free_port)
token=$("$top_builddir/edgewayctl" token new prometheus viewer \
	"$work/tokens.yaml" | grep -o 'ew_[A-Za-z0-9_-]*')
cat >"$work/edge.yaml" <<YAML
version: 1
gateway: {group: test, name: gw1}
instances:
  plant:
    module: simulator
    every: 100ms
    devices: {pump-1: {kind: pump}}
  metrics:
    module: metrics
    tags: ["pump-1:Pump/**"]
  cloud:
    module: lwm2m
uplink: {servers: ["mqtts://localhost:$(free_port)"]}
http:
  listen: 127.0.0.1:$port
  certificate: tls/server.pem
  key: tls/server.key
  tokens: tokens.yaml
YAML
start gateway "$top_builddir/edgewayd" --state-dir "$work/state" \
	--run-dir "$work" --module-dir "$top_builddir/modules/.libs" \
	"$work/edge.yaml"
# every part of the daemon has its row by then
is_whole() {
	ask /metrics >"$work/page" &&
		[ "$(grep -c '^edgeway_instance_up{.*} 1$' "$work/page")" -eq 3 ]
}
wait_for "the whole page" is_whole
grep -q '^edgeway_build_info{.*name="gw1"} 1$' "$work/page" || fail "no build info"
curl -s -o "$work/refused" -w '%{http_code}' --cacert "$work/tls/ca.pem" \
	"https://localhost:$port/metrics" | grep -qx 401 ||
	fail "the page is shown without a token"

step "promtool reads the page"
promtool check metrics <"$work/page" >"$work/promtool.log" 2>&1 ||
	fail "promtool: $(cat "$work/promtool.log")"

step "the alerts of etc/prometheus"
grep -oE 'edgeway_[a-z_]+' "$top_srcdir/etc/prometheus/alerts.yaml" | sort -u >"$work/metrics"
while read -r metric; do
	grep -q "^# TYPE $metric " "$work/page" || fail "no metric $metric is on the page"
done <"$work/metrics"
cp "$top_srcdir/etc/prometheus/alerts.yaml" "$work/alerts.yaml"
cp "$top_srcdir/tests/interop/alerts.yaml" "$work/alerts-test.yaml"
promtool test rules "$work/alerts-test.yaml" >"$work/promtool.log" 2>&1 ||
	fail "promtool: $(cat "$work/promtool.log")"

step "Prometheus scrapes it"
prometheus=$(free_port)
printf '%s' "$token" >"$work/token"
cat >"$work/prometheus.yaml" <<YAML
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: edgeway
    scheme: https
    authorization: {credentials_file: $work/token}
    tls_config: {ca_file: $work/tls/ca.pem}
    static_configs: [{targets: ["localhost:$port"]}]
YAML
start prometheus prometheus --config.file="$work/prometheus.yaml" \
	--storage.tsdb.path="$work/data" \
	--web.listen-address="127.0.0.1:$prometheus"
wait_for "a scrape" is_positive 'up{job="edgeway"}'
wait_for "samples of the bus" is_positive edgeway_bus_samples_total
wait_for "the plant is up" is_positive 'edgeway_instance_up{exported_instance="plant"}'
wait_for "a tag that is good" is_positive \
	'count(edgeway_tag_good{device="pump-1"} == 1)'
wait_for "a tag's value" query \
	'edgeway_tag_value{device="pump-1",tag="Pump/Speed"}'

step "both end in order"
stop prometheus
stop gateway
[ "$status" -eq 0 ] || fail "the gateway ended with $status"
