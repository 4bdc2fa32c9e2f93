#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A consumer of /api/events as they are in the field: short timeout, reads ahead,
# repeats, and goes on without what it could not get. It may be killed anywhere.
#
#   poller.bash URL FOLDER
#
# Each page that came whole is a file of FOLDER, named by its turn; only then is
# it acknowledged. Ends when FOLDER/finish is there.
set -u
url=$1 folder=$2
session=$$-$RANDOM
turn=$(find "$folder" -name '*.page' | wc -l)
curl=(curl -sS --max-time 1 -o "$folder/.body" -D "$folder/.head")

# fetch REQUEST: 0 a page, 1 nothing, 2 no whole answer
fetch() {
	local query="consumer=poller&session=$session&request=$1&limit=50&format=ndjson"
	rm -f "$folder/.head" "$folder/.body"
	"${curl[@]}" "$url?$query" 2>/dev/null || return 2
	grep -q '^HTTP/1.1 200' "$folder/.head" || return 2
	page=$(sed -n 's/^Edgeway-Page: \([0-9-]*\).*/\1/p' "$folder/.head")
	[ -n "$page" ]
}

while [ ! -e "$folder/finish" ]; do
	pages=()
	for ((ahead = 0; ahead < 10; ahead++)); do
		request=$turn-$RANDOM
		fetch "$request"
		got=$?
		# asked for again, most of the time
		[ $got -ne 2 ] || [ $((RANDOM % 4)) -eq 0 ] || { fetch "$request"; got=$?; }
		case $got in
		0)
			mv "$folder/.body" "$(printf '%s/%08d.page' "$folder" "$turn")"
			turn=$((turn + 1))
			pages+=("$page")
			;;
		1) break ;;
		esac
	done
	for page in "${pages[@]}"; do
		curl -sS --max-time 1 -o /dev/null \
			-d "{\"consumer\":\"poller\",\"page\":\"$page\"}" "$url/ack" 2>/dev/null
	done
	[ "${#pages[@]}" -gt 0 ] || sleep 0.1
done
