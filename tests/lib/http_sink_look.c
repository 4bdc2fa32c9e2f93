/* SPDX-License-Identifier: Apache-2.0 */
/* What the test looks at: requests that were kept, the tally, the plan. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/lib/http_sink_inside.h"

static const char *const words[SINK_MODE_COUNT] = {
	[SINK_OK] = "ok", [SINK_STATUS] = "status", [SINK_HANG] = "hang", [SINK_DRIP] = "drip",
	[SINK_GARBAGE] = "garbage", [SINK_LOOP] = "loop", [SINK_DOWNGRADE] = "downgrade",
	[SINK_MOVED] = "moved", [SINK_RESET] = "reset", [SINK_HALF] = "half", [SINK_LONG] = "long",
};

enum sink_mode http_sink_mode(const char *word)
{
	int mode = 0;

	while (mode < SINK_MODE_COUNT && strcmp(words[mode], word) != 0) {
		mode++;
	}
	return (enum sink_mode)mode;
}

/* ---- keeping ---- */

static enum MHD_Result add_header(void *arg, enum MHD_ValueKind kind, const char *name,
				  const char *value)
{
	char **text = arg;
	char *longer;

	(void)kind;
	check(asprintf(&longer, "%s%s: %s\n", *text, name, value != NULL ? value : "") > 0);
	free(*text);
	*text = longer;
	return MHD_YES;
}

struct sink_request *sink_keep(struct http_sink *sink, struct MHD_Connection *connection,
				 const char *method, const char *target,
				 const struct upload *upload)
{
	struct sink_request *request = must(calloc(1, sizeof(*request)));

	request->method = must(strdup(method));
	request->target = must(strdup(target));
	request->headers = must(strdup(""));
	(void)MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header,
					&request->headers);
	request->body = must(calloc(1, upload->size + 1));
	if (upload->size > 0) {
		memcpy(request->body, upload->at, upload->size);
	}
	request->size = upload->size;
	sink->kept = must(realloc(sink->kept,
				  (sink->kept_count + 1) * sizeof(struct sink_request *)));
	sink->kept[sink->kept_count++] = request;
	return request;
}

const struct sink_request *http_sink_request(struct http_sink *sink, size_t index)
{
	const struct sink_request *request = NULL;

	pthread_mutex_lock(&sink->lock);
	if (index < sink->kept_count) {
		request = sink->kept[index];
	}
	pthread_mutex_unlock(&sink->lock);
	return request;
}

char *sink_request_header(const struct sink_request *request, const char *name)
{
	const char *line = request->headers;
	size_t size = strlen(name);

	while (*line != '\0') {
		size_t length = strcspn(line, "\n");

		if (length > size + 1 && strncasecmp(line, name, size) == 0 && line[size] == ':') {
			return strndup(line + size + 2, length - size - 2);
		}
		line += length + 1;
	}
	return NULL;
}

void sink_forget(struct http_sink *sink)
{
	for (size_t i = 0; i < sink->kept_count; i++) {
		free(sink->kept[i]->method);
		free(sink->kept[i]->target);
		free(sink->kept[i]->headers);
		free(sink->kept[i]->body);
		free(sink->kept[i]);
	}
	free(sink->kept);
}

/* ---- the plan and the report ---- */

void http_sink_plan(struct http_sink *sink, const struct sink_plan *plan)
{
	pthread_mutex_lock(&sink->lock);
	sink->plan = *plan;
	sink->plan_number++;
	pthread_cond_broadcast(&sink->changed);
	pthread_mutex_unlock(&sink->lock);
}

struct sink_counts http_sink_counts(struct http_sink *sink)
{
	struct sink_counts counts;

	pthread_mutex_lock(&sink->lock);
	counts = sink->counts;
	pthread_mutex_unlock(&sink->lock);
	return counts;
}

struct tally_sum http_sink_tally(struct http_sink *sink)
{
	struct tally_sum sum;

	pthread_mutex_lock(&sink->lock);
	sum = tally_sum(sink->tally);
	pthread_mutex_unlock(&sink->lock);
	return sum;
}

uint64_t http_sink_highest(struct http_sink *sink, const char *tag)
{
	uint64_t highest;

	pthread_mutex_lock(&sink->lock);
	highest = tally_highest(sink->tally, tag);
	pthread_mutex_unlock(&sink->lock);
	return highest;
}

char *http_sink_report(struct http_sink *sink)
{
	struct tally_sum sum = http_sink_tally(sink);
	struct sink_counts counts = http_sink_counts(sink);
	char *text;

	check(asprintf(&text,
		       "{\"requests\":%llu,\"accepted\":%llu,\"repeated\":%llu,\"bytes\":%llu,"
		       "\"most_open\":%llu,\"tags\":%llu,\"samples\":%llu,\"events\":%llu,"
		       "\"numbered\":%llu,\"duplicates\":%llu,\"missing\":%llu,"
		       "\"reordered\":%llu,\"highest\":%llu,\"malformed\":%llu,"
		       "\"clock_error\":%llu,\"clock_unset\":%llu}\n",
		       (unsigned long long)counts.requests, (unsigned long long)counts.accepted,
		       (unsigned long long)counts.repeated, (unsigned long long)counts.bytes,
		       (unsigned long long)counts.most_open, (unsigned long long)sum.tags,
		       (unsigned long long)sum.samples, (unsigned long long)sum.events,
		       (unsigned long long)sum.numbered, (unsigned long long)sum.duplicates,
		       (unsigned long long)sum.missing, (unsigned long long)sum.reordered,
		       (unsigned long long)sum.highest,
		       (unsigned long long)sum.malformed, (unsigned long long)sum.clock_error,
		       (unsigned long long)sum.clock_unset) > 0);
	return text;
}

void http_sink_show(struct http_sink *sink)
{
	pthread_mutex_lock(&sink->lock);
	tally_show(sink->tally);
	pthread_mutex_unlock(&sink->lock);
}
