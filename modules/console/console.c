/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console module: what receivers are told, for people and for scripts.
 *
 * As a table it redraws a page of the view at an interval and ignores single
 * samples; as JSON lines it writes each thing as it comes. Output that nobody
 * takes in time is left out, line by line, and counted. Runs on the
 * instance's loop.
 */
#include <edgeway/module.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/console/line.h"
#include "modules/console/sink.h"
#include "modules/console/table.h"

#define PLAIN_WIDTH 200 /* columns where there is no terminal */

enum { FORMAT_TABLE, FORMAT_JSON };

enum { LINES, DROPPED, METRIC_COUNT };

struct console_settings {
	int format;
	ew_dur every;
	const char *output;
	const char *const *tags;
	size_t tag_count;
};

struct console {
	struct ew_instance *inst;
	const struct console_settings *settings;
	struct sink sink;
	struct ew_timer *timer;
	struct table_row *rows;
	size_t row_count;
	size_t row_room;
	ew_time now;            /* of the page under way */
	bool drawn;             /* the screen has been cleared */
};

static const char *const formats[] = {"table", "json", NULL};

static const struct ew_option options[] = {
	EW_ENUM_OPTION(struct console_settings, format, formats, .fallback = "table",
		       .help = "a table that is redrawn, or one JSON object a line"),
	EW_DURATION_OPTION(struct console_settings, every, .fallback = "1s", .min = "100ms",
			   .max = "1h", .help = "time between two pages of the table"),
	EW_FILE_OPTION(struct console_settings, output,
		       .help = "file that is appended to, instead of standard output"),
	EW_LIST_OPTION(struct console_settings, tags, tag_count, .fallback = "**",
		       .help = "patterns of what to show: `device:tag`, or `device` for all of it"),
	EW_OPTION_END
};

static const struct ew_metric metrics[] = {
	[LINES] = {.name = "lines_total", .help = "lines and pages written"},
	[DROPPED] = {.name = "dropped_total", .help = "lines left out: nobody took them in time"},
};

/* ---- table ---- */

static int console_row(void *arg, const struct ew_tag_info *tag)
{
	struct console *console = arg;
	const struct ew_device_info *device = ew_device(console->inst, tag->device);
	struct ew_sample sample;
	struct table_row *row;

	if (device == NULL) {
		return 0;
	}
	if (console->row_count == console->row_room) {
		size_t room = console->row_room == 0 ? 64 : console->row_room * 2;
		struct table_row *rows = realloc(console->rows, room * sizeof(*rows));

		if (rows == NULL) {
			return -ENOMEM;
		}
		console->rows = rows;
		console->row_room = room;
	}
	row = &console->rows[console->row_count++];
	memset(row, 0, sizeof(*row));
	row->device = device->spec.path;
	row->state = device->state;
	row->tag = tag->spec.name;
	row->unit = tag->spec.unit;
	if (ew_view(console->inst, tag->id, &sample) == 0) {
		row->has_value = true;
		row->quality = sample.quality;
		value_show(tag, &sample, row->value);
		value_age(console->now - sample.time, row->age);
	}
	return 0;
}

static int console_device_rows(void *arg, const struct ew_device_info *device)
{
	struct console *console = arg;

	return ew_tags_walk(console->inst, device->id, console_row, console);
}

static void console_draw(struct console *console)
{
	bool terminal = sink_is_terminal(&console->sink);
	struct text *text = &console->sink.waiting;
	struct table_page page = {.terminal = terminal};
	char time[VALUE_SIZE], title[2 * VALUE_SIZE];

	value_time(console->now, time);
	(void)snprintf(title, sizeof(title), "%.64s  %.64s  %zu tags", time,
		       ew_gateway(console->inst)->name, console->row_count);
	page.title = title;
	sink_size(&console->sink, &page.width, &page.height);
	page.width = page.width == 0 ? PLAIN_WIDTH : page.width;
	if (terminal) {
		text_put(text, console->drawn ? "\033[H" : "\033[2J\033[H");
		console->drawn = true;
	}
	table_draw(text, &page, console->rows, console->row_count);
	text_put(text, terminal ? "\033[J" : "\n");
}

static void console_on_timer(void *arg)
{
	struct console *console = arg;

	/* a page that is late is left out, the next one is as good */
	if (!sink_is_idle(&console->sink)) {
		ew_metric_add(console->inst, DROPPED, 1);
		return;
	}
	console->now = ew_wall();
	console->row_count = 0;
	if (ew_devices_walk(console->inst, console_device_rows, console) != 0) {
		return;
	}
	console_draw(console);
	ew_metric_add(console->inst, LINES, 1);
	sink_flush(&console->sink);
}

/* ---- JSON lines ---- */

/* After a line was built: keep it whole or not at all. */
static void console_line_done(struct console *console, size_t before)
{
	struct text *text = &console->sink.waiting;

	if (text->full) {
		text_cut(text, before);
		ew_metric_add(console->inst, DROPPED, 1);
	} else {
		ew_metric_add(console->inst, LINES, 1);
	}
}

static void console_json_batch(struct console *console, const struct ew_batch *batch)
{
	for (uint32_t i = 0; i < batch->count; i++) {
		const struct ew_sample *sample = &batch->samples[i];
		const struct ew_tag_info *tag = ew_tag(console->inst, sample->tag);
		const struct ew_device_info *device = tag == NULL ? NULL :
		    ew_device(console->inst, tag->device);
		size_t before = console->sink.waiting.size;

		if (device == NULL) {
			continue;
		}
		line_sample(&console->sink.waiting, device, tag, sample);
		console_line_done(console, before);
	}
	sink_flush(&console->sink);
}

static void console_on_batch(void *self, const struct ew_batch *batch)
{
	struct console *console = self;

	/* the table is drawn from the view */
	if (console->settings->format == FORMAT_JSON) {
		console_json_batch(console, batch);
	}
}

static void console_on_device(void *self, enum ew_change change,
			      const struct ew_device_info *device)
{
	struct console *console = self;
	size_t before = console->sink.waiting.size;

	if (console->settings->format == FORMAT_JSON) {
		line_device(&console->sink.waiting, change, device);
		console_line_done(console, before);
		sink_flush(&console->sink);
	}
}

static void console_on_event(void *self, const struct ew_event *event)
{
	struct console *console = self;
	size_t before = console->sink.waiting.size;

	if (console->settings->format == FORMAT_JSON) {
		line_event(&console->sink.waiting, event, event->device == EW_NO_ID ? NULL :
			   ew_device(console->inst, event->device));
		console_line_done(console, before);
		sink_flush(&console->sink);
	}
}

static void console_on_gap(void *self, const struct ew_gap *gap)
{
	struct console *console = self;
	size_t before = console->sink.waiting.size;

	if (console->settings->format == FORMAT_JSON) {
		line_gap(&console->sink.waiting, gap);
		console_line_done(console, before);
		sink_flush(&console->sink);
	}
}

/* ---- life cycle ---- */

static void console_close(void *self)
{
	struct console *console = self;

	if (console == NULL) {
		return;
	}
	ew_timer_free(&console->timer);
	sink_close(&console->sink);
	free(console->rows);
	free(console);
}

static int console_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct console *console = calloc(1, sizeof(*console));
	int rc = 0;

	if (console == NULL) {
		return -ENOMEM;
	}
	console->inst = inst;
	console->settings = settings;
	sink_init(&console->sink, inst);
	for (size_t i = 0; rc == 0 && i < console->settings->tag_count; i++) {
		struct ew_want want = {.size = sizeof(want)};

		rc = ew_want(inst, console->settings->tags[i], &want);
	}
	if (rc == 0) {
		rc = ew_timer_new(inst, "page", console_on_timer, console, &console->timer);
	}
	if (rc != 0) {
		console_close(console);
		return rc;
	}
	*self_out = console;
	return 0;
}

static int console_start(void *self)
{
	struct console *console = self;
	int rc = sink_open(&console->sink, console->settings->output);

	if (rc == 0 && console->settings->format == FORMAT_TABLE) {
		ew_timer_set(console->timer, console->settings->every, console->settings->every);
	}
	return rc;
}

static void console_stop(void *self)
{
	struct console *console = self;

	ew_timer_stop(console->timer);
	ew_stopped(console->inst);
}

EW_MODULE(
	.name = "console",
	.version = "1.0",
	.summary = "a live table of values, or JSON lines",
	.flags = EW_NEEDS_VIEW | EW_WANTS_ONLY,
	.options = options,
	.settings_size = sizeof(struct console_settings),
	.metrics = metrics,
	.metric_count = METRIC_COUNT,
	.open = console_open,
	.start = console_start,
	.stop = console_stop,
	.close = console_close,
	.device = console_on_device,
	.batch = console_on_batch,
	.event = console_on_event,
	.gap = console_on_gap);
