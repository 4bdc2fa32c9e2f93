/* SPDX-License-Identifier: Apache-2.0 */
/* From a parcel to a request: see request.h. */
#include "modules/http_uplink/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/http_uplink/template.h"

/* All lines in one piece of memory, each ended by a NUL. */
struct lines {
	struct bytes text;
	size_t count;
};

static void lines_add(struct lines *lines, const char *name, const char *value)
{
	bytes_text(&lines->text, name);
	bytes_text(&lines->text, ": ");
	bytes_text(&lines->text, value);
	bytes_add(&lines->text, "", 1);
	lines->count++;
}

static void lines_own(struct lines *lines, const struct http_uplink *uplink,
		      const struct parcel *parcel)
{
	const struct settings *settings = uplink->settings;
	struct bytes token = {0};

	lines_add(lines, "Content-Type", encode_content_type(parcel->format));
	if (parcel->is_gzip) {
		lines_add(lines, "Content-Encoding", "gzip");
	}
	lines_add(lines, "Idempotency-Key", parcel->key);
	lines_add(lines, "User-Agent", "edgeway");
	/* libcurl would wait for a 100 before each larger body */
	bytes_add(&lines->text, "Expect:", sizeof("Expect:"));
	lines->count++;
	if (settings->token != NULL) {
		bytes_text(&token, settings->token_scheme);
		bytes_text(&token, settings->token_scheme[0] != '\0' ? " " : "");
		bytes_text(&token, settings->token);
		bytes_add(&token, "", 1);
		lines->text.failed = lines->text.failed || token.failed;
		lines_add(lines, settings->token_header, token.failed ? "" : token.at);
		bytes_free(&token);
	}
}

static void lines_more(struct lines *lines, const struct settings *settings,
		       const struct template_values *values)
{
	for (size_t i = 0; i < settings->header_count; i++) {
		bytes_text(&lines->text, settings->headers[i].name);
		bytes_text(&lines->text, ": ");
		template_fill(&lines->text, settings->headers[i].value, values, TEMPLATE_PLAIN);
		bytes_add(&lines->text, "", 1);
		lines->count++;
	}
}

/* Pointers to the lines. -ENOMEM */
static int lines_point(const struct lines *lines, const char ***at_out)
{
	const char **at = calloc(lines->count, sizeof(*at));
	const char *line = lines->text.at;

	if (at == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < lines->count; i++) {
		at[i] = line;
		line += strlen(line) + 1;
	}
	*at_out = at;
	return 0;
}

int request_start(const struct http_uplink *uplink, const struct parcel *parcel,
		  struct transfer *transfer)
{
	const struct ew_gateway *gateway = ew_gateway(uplink->inst);
	const struct template_values values = {
		.gateway = gateway->name,
		.group = gateway->group,
		.instance = ew_name(uplink->inst),
		.device = parcel->device,
		.type = parcel->type,
	};
	struct lines lines = {0};
	struct bytes url = {0};
	const char **at = NULL;
	int error;

	template_fill(&url, uplink->settings->url, &values, TEMPLATE_URL);
	bytes_add(&url, "", 1);
	lines_own(&lines, uplink, parcel);
	lines_more(&lines, uplink->settings, &values);
	error = url.failed || lines.text.failed ? -ENOMEM : lines_point(&lines, &at);
	if (error == 0) {
		const struct wire_request request = {
			.url = url.at,
			.body = parcel->content.body.at,
			.size = parcel->content.body.size,
			.headers = at,
			.header_count = lines.count,
		};

		error = transfer_start(transfer, &request);
	}
	free(at);
	bytes_free(&lines.text);
	bytes_free(&url);
	return error;
}
