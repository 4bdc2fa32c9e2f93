#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Dependencies point one way, and a third party's header is in one file of core.
# The rules are the table at the top of layering.awk.
# shellcheck source=tests/contract/tree.bash
. "$(dirname "$0")/tree.bash"

tree_sources include core proto modules >"$faults.list"
xargs -r awk -f "$contract/layering.awk" <"$faults.list" | faults_from
rm -f "$faults.list"
finish
