/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module `metrics`: all counters, gauges and histograms of the daemon, and
 * chosen tags, as a page for Prometheus.
 *
 * The page is made when it is asked for, on the instance's loop. Values of
 * tags come from the image, which is newer than anything that was delivered;
 * so the samples that the routes bring are not looked at, and ew_want() asks
 * for as few of them as it can. What the routes are for is to know the tags.
 */
#include <edgeway/http.h>
#include <edgeway/module.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/metrics/exposition.h"

#define PAGE_BYTES_MAX  ((size_t)64 * 1024 * 1024)
#define NAME_BYTES      256     /* of a metric */
#define WANT_INTERVAL   (3600 * EW_SECOND)

struct metrics_settings {
	const char *path;
	unsigned role;
	const char *const *tags;
	size_t tag_count;
	const struct ew_property *names;
	size_t name_count;
};

struct metrics {
	struct ew_instance *inst;
	const struct metrics_settings *settings;
};

enum {
	METRIC_SCRAPES,
	METRIC_REFUSED,
	METRIC_SERIES,
	METRIC_BYTES,
	METRIC_SECONDS,
	METRIC_COUNT
};

static const double second_bounds[] = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5};

static const struct ew_metric metrics_metrics[METRIC_COUNT] = {
	[METRIC_SCRAPES] = {"scrapes_total", EW_COUNTER, NULL, "Pages that were made.", NULL, 0},
	[METRIC_REFUSED] = {"refused_total", EW_COUNTER, NULL,
			    "Pages that could not be made: too large, or no memory.", NULL, 0},
	[METRIC_SERIES] = {"page_series", EW_GAUGE, NULL, "Series on the last page.", NULL, 0},
	[METRIC_BYTES] = {"page_bytes", EW_GAUGE, "bytes", "Size of the last page.", NULL, 0},
	[METRIC_SECONDS] = {"page_seconds", EW_HISTOGRAM, "seconds", "Time to make a page.",
			    second_bounds, sizeof(second_bounds) / sizeof(second_bounds[0])},
};

static const char *const role_words[] = {"none", "viewer", "operator", "admin", NULL};

static const struct ew_option metrics_options[] = {
	EW_OPTION(struct metrics_settings, path, .fallback = "/metrics",
		  .help = "where the page is on the HTTP listener"),
	EW_ENUM_OPTION(struct metrics_settings, role, role_words, .fallback = "viewer",
		       .help = "least role of a token that may read the page"),
	EW_LIST_OPTION(struct metrics_settings, tags, tag_count,
		       .help = "tags to show as gauges, by patterns device:tag"),
	EW_PAIRS_OPTION(struct metrics_settings, names, name_count,
			.help = "other names: of a metric, or of all that begin so (ends in _)"),
	EW_OPTION_END
};

/* What walking the tags needs. */
struct page {
	struct metrics *self;
	struct exposition out;
	bool values;            /* else whether they are good */
};

/* The row of `names` that says most about this one; NULL: none. */
static const struct ew_property *page_find_name(const struct metrics_settings *settings,
						const char *name)
{
	const struct ew_property *best = NULL;

	for (size_t i = 0; i < settings->name_count; i++) {
		const struct ew_property *row = &settings->names[i];
		size_t size = strlen(row->name);
		bool fits = strcmp(name, row->name) == 0 ||
			    (row->name[size - 1] == '_' && strncmp(name, row->name, size) == 0);

		if (fits && (best == NULL || size > strlen(best->name))) {
			best = row;
		}
	}
	return best;
}

static int page_add_series(void *arg, const struct ew_metric_series *series)
{
	struct page *page = arg;
	const struct ew_property *row = page_find_name(page->self->settings, series->name);
	struct ew_metric_series renamed = *series;
	char name[NAME_BYTES];

	if (row != NULL) {
		(void)snprintf(name, sizeof(name), "%s%s", row->value,
			       series->name + strlen(row->name));
		renamed.name = name;
	}
	return exposition_add(&page->out, &renamed);
}

static void page_add_build(struct page *page)
{
	const struct ew_gateway *gateway = ew_gateway(page->self->inst);
	const struct ew_label_pair labels[] = {
		{"version", gateway->version}, {"group", gateway->group}, {"name", gateway->name},
	};
	const struct ew_metric_series series = {
		.name = "edgeway_build_info",
		.kind = EW_GAUGE,
		.help = "1; the labels say which version this is, and which gateway.",
		.labels = labels,
		.label_count = sizeof(labels) / sizeof(labels[0]),
		.value = 1,
	};

	(void)exposition_add(&page->out, &series); /* faults stick */
}

/* The number that a sample is; false: it is none. */
static bool sample_number(const struct ew_sample *sample, double *value_out)
{
	if ((sample->flags & EW_NULL) != 0) {
		return false;
	}
	switch (sample->type) {
	case EW_BOOL:
		*value_out = sample->v.b ? 1 : 0;
		return true;
	case EW_I64:
		*value_out = (double)sample->v.i;
		return true;
	case EW_U64:
		*value_out = (double)sample->v.u;
		return true;
	case EW_F64:
		*value_out = sample->v.f;
		return true;
	default:
		return false;
	}
}

static bool is_number(const struct ew_tag_info *tag)
{
	return tag->carrier == EW_BOOL || tag->carrier == EW_I64 || tag->carrier == EW_U64 ||
	       tag->carrier == EW_F64;
}

/* One tag: its value unless that is bad, or whether it is good. */
static int page_add_tag(void *arg, const struct ew_tag_info *tag)
{
	struct page *page = arg;
	struct ew_instance *inst = page->self->inst;
	const struct ew_device_info *device = ew_device(inst, tag->device);
	struct ew_label_pair labels[3] = {
		{"device", device != NULL ? device->spec.path : ""}, {"tag", tag->spec.name},
		{"unit", tag->spec.unit != NULL ? tag->spec.unit : ""},
	};
	struct ew_metric_series series = {
		.kind = EW_GAUGE, .labels = labels, .label_count = 3,
	};
	struct ew_sample sample;
	char text[8];
	double value = 0;
	bool is_bad;

	if (!is_number(tag)) {
		return 0;
	}
	is_bad = device == NULL || device->state == EW_DEVICE_DOWN ||
		 ew_read(inst, tag->id, &sample, text, sizeof(text)) < 0 ||
		 !sample_number(&sample, &value) || EW_QUALITY_CLASS(sample.quality) == EW_BAD;
	if (page->values) {
		if (is_bad) {
			return 0;
		}
		series.name = "edgeway_tag_value";
		series.help = "Value of a tag, left out while it is bad or its device down.";
		series.value = value;
	} else {
		series.name = "edgeway_tag_good";
		series.help = "1 while a tag is good and its device up, else 0.";
		series.value = !is_bad && device->state == EW_DEVICE_UP &&
			       EW_QUALITY_CLASS(sample.quality) == EW_GOOD;
		series.label_count = 2;
	}
	return exposition_add(&page->out, &series);
}

static int page_make(struct page *page)
{
	struct ew_instance *inst = page->self->inst;
	int ret;

	page_add_build(page);
	ret = ew_metrics_walk(page_add_series, page);
	for (int pass = 0; pass < 2 && ret == 0; pass++) {
		page->values = pass == 0;
		ret = ew_tags_walk(inst, EW_NO_ID, page_add_tag, page);
	}
	return ret;
}

static void metrics_on_request(void *arg, struct ew_http_request *req)
{
	struct metrics *self = arg;
	struct page page = {.self = self};
	ew_dur begin = ew_now();
	int ret;

	exposition_init(&page.out, PAGE_BYTES_MAX);
	ret = page_make(&page);
	if (ret == 0) {
		const struct ew_http_response response = {
			.size = sizeof(response),
			.content_type = EXPOSITION_TYPE,
			.body = page.out.at,
			.body_size = page.out.size,
		};

		ew_metric_add(self->inst, METRIC_SCRAPES, 1);
		ew_metric_set(self->inst, METRIC_SERIES, (double)page.out.series);
		ew_metric_set(self->inst, METRIC_BYTES, (double)page.out.size);
		ew_metric_observe(self->inst, METRIC_SECONDS,
				  (double)(ew_now() - begin) / (double)EW_SECOND);
		(void)ew_http_reply(&req, &response); /* a scraper that left asks again */
	} else {
		ew_metric_add(self->inst, METRIC_REFUSED, 1);
		(void)ew_http_reply_error(&req, 503, ret == -EMSGSIZE ?
					  "the page is over 64 MiB: choose fewer tags" :
					  "no memory for the page"); /* as above */
	}
	exposition_fini(&page.out);
}

static int metrics_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	const struct metrics_settings *set = settings;
	const struct ew_want want = {
		.size = sizeof(want), .exception = true, .min_interval = WANT_INTERVAL,
	};
	struct metrics *self = calloc(1, sizeof(*self));
	struct ew_http_spec spec = {
		.size = sizeof(spec),
		.methods = "GET",
		.path = set->path,
		.role = (enum ew_role)set->role,
		.summary = "metrics of the gateway and chosen tags, Prometheus text format",
		.handle = metrics_on_request,
		.arg = self,
	};
	int ret = self != NULL ? 0 : -ENOMEM;

	if (ret == 0) {
		self->inst = inst;
		self->settings = set;
		ret = ew_http_handle(inst, &spec);
	}
	for (size_t i = 0; i < set->tag_count && ret == 0; i++) {
		ret = ew_want(inst, set->tags[i], &want);
		if (ret == -EINVAL) {
			ew_log(inst, EW_LOG_ERROR, "'%s' in tags: is no pattern", set->tags[i]);
		}
	}
	if (ret < 0) {
		free(self);
		return ret;
	}
	*self_out = self;
	return 0;
}

static int metrics_check(const void *settings, struct ew_error *err)
{
	const struct metrics_settings *set = settings;

	for (size_t i = 0; i < set->name_count; i++) {
		const struct ew_property *row = &set->names[i];
		size_t size = strlen(row->name);

		if (size == 0 || row->value[0] == '\0' || strlen(row->value) > NAME_BYTES / 2 ||
		    (row->name[size - 1] == '_') !=
		    (row->value[strlen(row->value) - 1] == '_')) {
			return ew_fail(err, "names: '%s' and '%s' are not both a name, or both a "
				       "beginning that ends in _", row->name, row->value);
		}
	}
	return 0;
}

/* Being a receiver is what makes the tags known; see the head of this file. */
static void metrics_batch(void *self, const struct ew_batch *batch)
{
	(void)self;
	(void)batch;
}

static void metrics_close(void *self)
{
	free(self);
}

EW_MODULE(
	.name = "metrics", .version = "1.0",
	.summary = "metrics and chosen tags for Prometheus",
	.flags = EW_WANTS_ONLY,
	.options = metrics_options, .settings_size = sizeof(struct metrics_settings),
	.metrics = metrics_metrics, .metric_count = METRIC_COUNT,
	.check = metrics_check, .open = metrics_open, .close = metrics_close,
	.batch = metrics_batch);
