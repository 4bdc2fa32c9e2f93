/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log opened on a table of files that refuses every change: what recovery
 * would repair is known, and stays as it is.
 */
#include "core/store/dump.h"

#include <errno.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/store/files.h"

struct dump {
	struct buf *buf;
	int (*fn)(void *arg, const char *line);
	void *arg;
};

static const char *dump_kind(enum store_kind kind)
{
	static const char *const names[] = {
		[STORE_SAMPLES] = "sample",
		[STORE_EVENT] = "event",
		[STORE_ENTRY] = "entry",
		[STORE_GAP] = "gap",
	};

	return names[kind];
}

static void dump_begin(struct dump *dump, const struct store_item *item)
{
	buf_clear(dump->buf);
	json_begin(dump->buf);
	json_add_uint(dump->buf, "lsn", item->lsn);
	json_add_text(dump->buf, "kind", dump_kind(item->kind));
	json_add_text(dump->buf, "owner", item->owner);
}

static int dump_end(struct dump *dump)
{
	json_end(dump->buf);
	return dump->buf->fault != 0 ? dump->buf->fault
				    : dump->fn(dump->arg, buf_text(dump->buf));
}

static void dump_value(struct buf *buf, const struct ew_sample *sample)
{
	switch ((enum ew_carrier)sample->type) {
	case EW_BOOL:
		json_add_bool(buf, "value", sample->v.b);
		break;
	case EW_I64:
		json_add_int(buf, "value", sample->v.i);
		break;
	case EW_U64:
		json_add_uint(buf, "value", sample->v.u);
		break;
	case EW_F64:
		json_add_float(buf, "value", sample->v.f);
		break;
	case EW_TEXT:
		json_add_bytes(buf, "value", sample->v.x.at, sample->v.x.size);
		break;
	case EW_BYTES:
		json_add_hex(buf, "value", sample->v.x.at, sample->v.x.size);
		break;
	case EW_NONE:
		json_add_text(buf, "value", NULL);
		break;
	}
}

static int dump_samples(struct dump *dump, const struct store_item *item)
{
	int ret = 0;

	for (uint32_t i = 0; i < item->samples.count && ret == 0; i++) {
		const struct ew_sample *sample = &item->samples.at[i];
		const struct store_tag *tag = &item->samples.known[sample->tag].tag;

		dump_begin(dump, item);
		json_add_uint(dump->buf, "number", item->number);
		json_add_text(dump->buf, "device", tag->device);
		json_add_text(dump->buf, "tag", tag->name);
		json_add_text(dump->buf, "type", ew_type_name(tag->type));
		json_add_time(dump->buf, "time", sample->time);
		dump_value(dump->buf, sample);
		json_add_uint(dump->buf, "quality", sample->quality);
		json_add_uint(dump->buf, "flags", sample->flags);
		ret = dump_end(dump);
	}
	return ret;
}

static int dump_event(struct dump *dump, const struct store_item *item)
{
	const struct ew_event *event = &item->event.event;

	dump_begin(dump, item);
	json_add_uint(dump->buf, "number", item->number);
	json_add_text(dump->buf, "device", item->event.device);
	json_add_time(dump->buf, "time", event->time);
	json_add_text(dump->buf, "event", event->kind);
	json_add_uint(dump->buf, "severity", (uint64_t)event->severity);
	json_add_text(dump->buf, "key", event->key);
	json_add_text(dump->buf, "body", event->body);
	return dump_end(dump);
}

static int dump_entry(struct dump *dump, const struct store_item *item)
{
	dump_begin(dump, item);
	json_add_time(dump->buf, "time", item->entry.time);
	json_add_text(dump->buf, "key", item->entry.key);
	json_add_bytes(dump->buf, "bytes", item->entry.bytes, item->entry.size);
	return dump_end(dump);
}

static int dump_gap(struct dump *dump, const struct store_item *item)
{
	dump_begin(dump, item);
	json_add_text(dump->buf, "why", store_loss_name(item->gap.why));
	json_add_uint(dump->buf, "samples", item->gap.samples);
	json_add_uint(dump->buf, "events", item->gap.events);
	return dump_end(dump);
}

int store_dump_item(const struct store_item *item, struct buf *line,
		    int (*fn)(void *arg, const char *line), void *arg)
{
	struct dump dump = { .buf = line, .fn = fn, .arg = arg };

	switch (item->kind) {
	case STORE_SAMPLES:
		return dump_samples(&dump, item);
	case STORE_EVENT:
		return dump_event(&dump, item);
	case STORE_ENTRY:
		return dump_entry(&dump, item);
	case STORE_GAP:
		return dump_gap(&dump, item);
	}
	return 0;
}

int look_open(const char *path, struct look *look_out, struct ew_error *err)
{
	struct store_config config = { .path = path, .buffer_bytes = 1, .is_stepped = true };
	int ret = store_files_look(path, &look_out->files);

	if (ret != 0) {
		(void)ew_fail(err, "the folder '%s' cannot be read: %s", path, strerror(-ret));
		return ret;
	}
	config.files = look_out->files;
	ret = store_open(&config, &look_out->store, err);
	if (ret != 0) {
		store_files_close(&look_out->files);
	}
	return ret;
}

void look_close(struct look *look)
{
	store_close(&look->store);
	store_files_close(&look->files);
}

int look_all(struct look *look, const char *cursor,
	     int (*fn)(void *arg, const struct store_item *item), void *arg)
{
	struct store_cursor passed;
	const struct store_item *item;
	struct store_reader *reader;
	int ret;

	if (cursor == NULL || store_cursor_get(look->store, cursor, &passed) != 0) {
		passed.lsn = 0;
	}
	ret = store_reader_open(look->store, passed.lsn, NULL, &reader);
	if (ret != 0) {
		return ret;
	}
	do {
		ret = store_reader_next(reader, UINT64_MAX, &item);
		if (ret == 1) {
			ret = fn(arg, item);
			ret = ret == 0 ? -EAGAIN : ret;
		}
	} while (ret == -EAGAIN);
	store_reader_close(&reader);
	return ret;
}

static int dump_on_item(void *arg, const struct store_item *item)
{
	struct dump *dump = arg;

	return store_dump_item(item, dump->buf, dump->fn, dump->arg);
}

int store_dump(const char *path, int (*fn)(void *arg, const char *line), void *arg,
	       struct ew_error *err)
{
	struct buf line;
	struct dump dump = { .buf = &line, .fn = fn, .arg = arg };
	struct look look;
	int ret = look_open(path, &look, err);

	if (ret != 0) {
		return ret;
	}
	buf_init(&line, STORE_LINE_MAX);
	ret = look_all(&look, NULL, dump_on_item, &dump);
	buf_fini(&line);
	look_close(&look);
	return ret;
}
