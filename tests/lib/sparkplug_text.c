/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sparkplug for scripts.
 *
 *	sparkplug_text                           lines "TOPIC HEX" into lines of text
 *	sparkplug_text METRIC bool|double VALUE  a command's payload to stdout
 *	sparkplug_text message SEQ MS [METRIC int64|bool|double VALUE]...
 *	                                         a node's, of that time; SEQ "-": without
 *
 * A line of text is the topic, then seq=N and each metric as NAME=VALUE or
 * #ALIAS=VALUE, with ! behind it when it is historical.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sparkplug/message.h"
#include "proto/sparkplug/topic.h"

#define LINE_MAX_BYTES  (1u << 20)

static const struct sp_limits limits = {
	.bytes = LINE_MAX_BYTES, .metrics = 10000, .items = 100000, .depth = 8,
};

static char line[LINE_MAX_BYTES];
static uint8_t payload_bytes[LINE_MAX_BYTES / 2];

static void print_value(const struct sp_value *value)
{
	switch (value->carrier) {
	case SP_INT:
	case SP_LONG:
	case SP_BOOL:
		printf("%" PRIu64, value->u);
		break;
	case SP_FLOAT:
		printf("%g", (double)value->f);
		break;
	case SP_DOUBLE:
		printf("%g", value->d);
		break;
	case SP_TEXT:
		printf("'%.*s'", (int)value->x.size, (const char *)value->x.at);
		break;
	default:
		printf("(%d)", value->carrier);
		break;
	}
}

static int print_payload(struct sp_bytes bytes)
{
	struct sp_payload payload;
	struct sp_reader metrics;
	struct sp_metric metric;

	if (sp_payload_check(bytes, &limits) != 0 ||
	    sp_payload_decode(bytes, &limits, &payload, &metrics) != 0) {
		return EXIT_FAILURE;
	}
	if (payload.has & SP_HAS_SEQ) {
		printf(" seq=%" PRIu64, payload.seq);
	}
	while (sp_metric_next(&metrics, &metric) > 0) {
		if (metric.has & SP_HAS_NAME) {
			printf(" %.*s=", (int)metric.name.size, (const char *)metric.name.at);
		} else {
			printf(" #%" PRIu64 "=", metric.alias);
		}
		print_value(&metric.value);
		fputs(metric.is_historical ? "!" : "", stdout);
	}
	return EXIT_SUCCESS;
}

static unsigned digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : ((unsigned)c | 0x20u) - 'a' + 10u;
}

static int print_lines(void)
{
	while (fgets(line, sizeof(line), stdin) != NULL) {
		char *hex = strrchr(line, ' ');
		size_t size = 0;

		if (hex == NULL) {
			return EXIT_FAILURE;
		}
		*hex++ = '\0';
		for (; hex[0] > ' ' && hex[1] > ' '; hex += 2) {
			payload_bytes[size++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
		}
		fputs(line, stdout);
		if (print_payload((struct sp_bytes){ payload_bytes, size }) != EXIT_SUCCESS) {
			fputs(" malformed", stdout);
		}
		putchar('\n');
		fflush(stdout);
	}
	return EXIT_SUCCESS;
}

static struct sp_metric read_metric(char **words)
{
	struct sp_metric metric = { .has = SP_HAS_NAME, .name = sp_text(words[0]) };

	if (strcmp(words[1], "bool") == 0) {
		metric.datatype = SP_TYPE_BOOLEAN;
		metric.value.carrier = SP_BOOL;
		metric.value.u = strcmp(words[2], "0") != 0;
	} else if (strcmp(words[1], "int64") == 0) {
		metric.datatype = SP_TYPE_INT64;
		metric.value = sp_value_whole(SP_TYPE_INT64, strtoull(words[2], NULL, 10));
	} else {
		metric.datatype = SP_TYPE_DOUBLE;
		metric.value.carrier = SP_DOUBLE;
		metric.value.d = strtod(words[2], NULL);
	}
	return metric;
}

static int write_payload(struct sp_writer *writer, const struct sp_payload *payload)
{
	if (sp_payload_put(writer, payload) != 0) {
		return EXIT_FAILURE;
	}
	return fwrite(writer->begin, sp_written(writer).size, 1, stdout) == 1 ? EXIT_SUCCESS
									      : EXIT_FAILURE;
}

static int write_message(int count, char **words)
{
	struct sp_payload payload = { .has = SP_HAS_TIMESTAMP };
	struct sp_writer writer;

	sp_writer_init(&writer, payload_bytes, sizeof(payload_bytes));
	payload.timestamp = strtoull(words[1], NULL, 10);
	if (strcmp(words[0], "-") != 0) {
		payload.has |= SP_HAS_SEQ;
		payload.seq = strtoull(words[0], NULL, 10);
	}
	for (int i = 2; i + 2 < count; i += 3) {
		struct sp_metric metric = read_metric(&words[i]);

		metric.has |= SP_HAS_TIMESTAMP | SP_HAS_DATATYPE;
		metric.timestamp = payload.timestamp;
		if (sp_metric_put(&writer, &metric) != 0) {
			return EXIT_FAILURE;
		}
	}
	return write_payload(&writer, &payload);
}

int main(int argc, char **argv)
{
	const struct sp_payload payload = { .has = SP_HAS_TIMESTAMP, .timestamp = 1 };
	struct sp_metric metric;
	struct sp_writer writer;

	if (argc > 3 && strcmp(argv[1], "message") == 0) {
		return write_message(argc - 2, argv + 2);
	}
	if (argc != 4) {
		return print_lines();
	}
	metric = read_metric(argv + 1);
	sp_writer_init(&writer, payload_bytes, sizeof(payload_bytes));
	return sp_metric_put(&writer, &metric) == 0 ? write_payload(&writer, &payload)
						    : EXIT_FAILURE;
}
