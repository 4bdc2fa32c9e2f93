/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What whoever is on call asks first: store answers how full, how long and
 * what was lost in one page; ledger says it route by route.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/edgewayctl/command.h"
#include "core/edgewayctl/table.h"

#define STORE_TEXT_SIZE  32

/* What is not there, and null, is -1. */
static double store_number(const struct json_object *row, const char *key)
{
	const struct json_field *field = json_find(row, key);

	return field == NULL || field->kind != JSON_NUMBER ? -1 : strtod(field->text, NULL);
}

static const char *store_text(const struct json_object *row, const char *key)
{
	const char *text = json_text(row, key);

	return text == NULL ? "-" : text;
}

static void store_bytes(double bytes, char text_out[STORE_TEXT_SIZE])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;

	while (bytes >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		bytes /= 1024;
		unit++;
	}
	(void)snprintf(text_out, STORE_TEXT_SIZE, "%.*f %s", unit == 0 ? 0 : 1, bytes,
		       units[unit]);
}

static void store_span(double seconds, char text_out[STORE_TEXT_SIZE])
{
	if (seconds < 120) {
		(void)snprintf(text_out, STORE_TEXT_SIZE, "%.0f s", seconds);
	} else if (seconds < 2.0 * 3600) {
		(void)snprintf(text_out, STORE_TEXT_SIZE, "%.0f min", seconds / 60);
	} else if (seconds < 48.0 * 3600) {
		(void)snprintf(text_out, STORE_TEXT_SIZE, "%.1f h", seconds / 3600);
	} else {
		(void)snprintf(text_out, STORE_TEXT_SIZE, "%.1f days", seconds / 86400);
	}
}

/* What happens once there is no room. */
static const char *store_fate(const struct json_object *row)
{
	const char *when_full = store_text(row, "when_full");

	return strcmp(when_full, "drop_newest") == 0 ? "then nothing new is taken"
	       : strcmp(when_full, "thin") == 0	     ? "then old samples are thinned out"
						     : "then the oldest goes";
}

/* What the run before lost when it was not ended in order, beside what it had promised. */
static void store_print_end(const struct json_object *row)
{
	double sync = store_number(row, "last_end_sync_ms");
	const char *how = store_text(row, "last_end");
	char promised[STORE_TEXT_SIZE] = "when the kernel likes";

	if (sync >= 0) {
		(void)snprintf(promised, sizeof(promised), "within %.0f ms", sync);
	}
	if (strcmp(how, "killed") == 0) {
		printf("last end:  killed; %.0f batches and events were not on disk, which gets "
		       "them %s\n", store_number(row, "last_end_records"), promised);
	} else if (strcmp(how, "power") == 0) {
		printf("last end:  the machine stopped; what came last was not on disk, which gets "
		       "it %s\n", promised);
	}
}

static void store_print_log(const struct json_object *row)
{
	char used[STORE_TEXT_SIZE], most[STORE_TEXT_SIZE], rate[STORE_TEXT_SIZE];
	char left[STORE_TEXT_SIZE], age[STORE_TEXT_SIZE] = "of unknown age";
	double bytes = store_number(row, "bytes"), limit = store_number(row, "bytes_max");
	double hours = store_number(row, "hours_left");
	double oldest = store_number(row, "oldest_age_seconds");

	store_bytes(bytes, used);
	store_bytes(limit, most);
	store_bytes(store_number(row, "bytes_a_second"), rate);
	printf("state:     %s\n", store_text(row, "state"));
	if (oldest >= 0) {
		store_span(oldest, age);
	}
	printf("full:      %.0f %%, %s of %s; the oldest is %s%s\n",
	       limit > 0 ? 100 * bytes / limit : 0, used, most, age, oldest < 0 ? "" : " old");
	if (hours < 0) {
		printf("lasts:     nothing is being written\n");
	} else if (hours == 0) {
		printf("lasts:     it is full at %s/s; %s\n", rate, store_fate(row));
	} else {
		store_span(hours * 3600, left);
		printf("lasts:     %s more at %s/s, if nothing is acknowledged; %s\n", left, rate,
		       store_fate(row));
	}
	if (store_number(row, "refused") > 0 || store_number(row, "disk_errors") > 0) {
		printf("disk:      %.0f batches and events not taken, %.0f errors of the disk\n",
		       store_number(row, "refused"), store_number(row, "disk_errors"));
	}
	store_print_end(row);
}

static void store_reword(struct json_object *row, const char *key, const char *text)
{
	for (size_t i = 0; i < row->count; i++) {
		if (strcmp(row->fields[i].key, key) == 0) {
			row->fields[i].kind = JSON_TEXT;
			row->fields[i].text = text;
		}
	}
}

/* With its numbers as people write them. */
static void store_add_receiver(struct table *table, struct json_object *row)
{
	double drain = store_number(row, "drain_seconds");
	char backlog[STORE_TEXT_SIZE], drained[STORE_TEXT_SIZE] = "not at this pace";

	store_bytes(store_number(row, "backlog_bytes"), backlog);
	if (drain >= 0) {
		store_span(drain, drained);
	}
	store_reword(row, "backlog_bytes", backlog);
	store_reword(row, "drain_seconds", drained);
	table_add(table, row);
}

/* One table at a time: what belongs into another ends it. */
struct store_page {
	struct table *table;
	const struct column *columns;
	bool has_losses;
};

static void store_turn_to(struct store_page *page, const struct column *columns)
{
	if (page->columns == columns) {
		return;
	}
	if (page->table != NULL) {
		table_free(&page->table);
	}
	putchar('\n');
	page->columns = columns;
	page->table = table_new(columns, false);
}

static void store_print(struct store_page *page, struct json_object *row)
{
	static const struct column receivers[] = {
		{ .key = "receiver", .title = "RECEIVER" },
		{ .key = "is", .title = "IS" },
		{ .key = "backlog_bytes", .title = "BACKLOG", .right = true },
		{ .key = "backlog_records", .title = "RECORDS", .right = true },
		{ .key = "drain_seconds", .title = "DRAINED IN", .right = true },
		{ .key = NULL },
	};
	static const struct column losses[] = {
		{ .key = "why", .title = "LOST BY" },
		{ .key = "samples", .title = "SAMPLES", .right = true },
		{ .key = "events", .title = "EVENTS", .right = true },
		{ .key = "from", .title = "FROM" },
		{ .key = "to", .title = "TO" },
		{ .key = NULL },
	};
	const char *about = store_text(row, "about");

	if (strcmp(about, "log") == 0) {
		store_print_log(row);
	} else if (strcmp(about, "receiver") == 0) {
		store_turn_to(page, receivers);
		store_add_receiver(page->table, row);
	} else if (strcmp(about, "loss") == 0) {
		store_turn_to(page, losses);
		table_add(page->table, row);
		page->has_losses = true;
	}
}

static int store_run(struct client *client, struct buf *request, int argc, char **argv)
{
	int status = client_send(client, request);
	struct store_page page = { 0 };
	struct json_object row;
	const char *line;

	(void)argc;
	(void)argv;
	if (status != CTL_OK) {
		return status;
	}
	while ((status = client_next(client, &row, &line)) == CTL_OK) {
		if (client->json) {
			puts(line);
		} else {
			store_print(&page, &row);
		}
	}
	if (page.table != NULL) {
		table_free(&page.table);
	}
	if (status == -1 && !client->json && !page.has_losses) {
		puts("\nNothing was lost since the start.");
	}
	return status == -1 ? CTL_OK : status;
}

static int ledger_run(struct client *client, struct buf *request, int argc, char **argv)
{
	static const struct column columns[] = {
		{ .key = "from", .title = "FROM" },
		{ .key = "to", .title = "TO" },
		{ .key = "is", .title = "IS" },
		{ .key = "delivered", .title = "DELIVERED", .right = true },
		{ .key = "acked", .title = "ACKED", .right = true },
		{ .key = "open", .title = "OPEN", .right = true },
		{ .key = "again", .title = "AGAIN", .right = true },
		{ .key = "dead", .title = "DEAD", .right = true },
		{ .key = "lost_overflow", .title = "OVERFLOW", .right = true },
		{ .key = "lost_retention", .title = "RETENTION", .right = true },
		{ .key = "lost_damaged", .title = "DAMAGED", .right = true },
		{ .key = "lost_not_stored", .title = "NOT STORED", .right = true },
		{ .key = NULL },
	};

	(void)argc;
	(void)argv;
	return client_show(client, request, columns, false);
}

const struct command commands_store[] = {
	{ .name = "store", .arguments = "",
	  .summary = "how full the disk log is, how long it will last, what was lost and why",
	  .more = "It lasts until it is full at the rate of the last minute, if nothing is "
		  "acknowledged;\na backlog is drained at the pace of the last half minute. "
		  "Losses are counted since the\nstart: by the log (size, age, thinned, "
		  "damaged) when it gives up what was not\nacknowledged, and by a route when its "
		  "receiver is told of it, so that one loss may\nbe in both.",
	  .run = store_run },
	{ .name = "ledger", .arguments = "",
	  .summary = "what each route delivered, what was acknowledged, what was lost and why",
	  .more = "Samples are delivered and lost, batches and events are acknowledged. Left out "
		  "of\nthe table, with --json: what filters kept back, and other reasons. What is "
		  "dead was\nrefused by the far end for good, and is kept: dead-letters shows it. "
		  "Tag by tag the\nstore itself is counted: edgewayd --count-store DIR, DIR being "
		  "store in state_dir.",
	  .run = ledger_run },
	{ .name = NULL },
};
