/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_sink as a program, for scenarios: `http_sink [KEY=VALUE...]` with port,
 * certificate, key, client_ca, authorization, first (the tally's, or any), journal
 * (a file that keeps the tally over a kill), body (a file for the last one) and mode,
 * status, retry_after, requests of the first plan. Prints "port N" once it listens.
 * GET /control?mode=...&status=...&requests=...&retry_after=... sets another plan; GET
 * /control gives the report. On SIGTERM or SIGINT it prints what is missing and the
 * report, and ends.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/http_sink.h"

static int refuse(const char *text)
{
	(void)fprintf(stderr, "http_sink: cannot read '%s'\n", text);
	return 0;
}

static int set(struct sink_config *config, struct sink_plan *plan, char *text)
{
	char *value = strchr(text, '=');
	size_t size;

	if (value == NULL) {
		return refuse(text);
	}
	size = (size_t)(value++ - text);
#define is(word)  (size == strlen(word) && strncmp(text, word, size) == 0)
	if (is("port")) {
		config->port = (uint16_t)strtoul(value, NULL, 10);
	} else if (is("certificate")) {
		config->certificate = value;
	} else if (is("key")) {
		config->key = value;
	} else if (is("client_ca")) {
		config->client_ca = value;
	} else if (is("authorization")) {
		config->authorization = value;
	} else if (is("first")) {
		config->first = strcmp(value, "any") == 0 ? UINT64_MAX :
				strtoull(value, NULL, 10);
	} else if (is("journal")) {
		config->journal = value;
	} else if (is("body")) {
		config->body = value;
	} else if (is("mode")) {
		plan->mode = http_sink_mode(value);
	} else if (is("status")) {
		plan->status = (int)strtol(value, NULL, 10);
	} else if (is("requests")) {
		plan->requests = (unsigned)strtoul(value, NULL, 10);
	} else if (is("retry_after")) {
		(void)snprintf(plan->retry_after, sizeof(plan->retry_after), "%s", value);
	} else {
		return refuse(text);
	}
#undef is
	return plan->mode != SINK_MODE_COUNT || refuse(text);
}

int main(int argc, char **argv)
{
	struct sink_config config = { .first = 1 };
	struct sink_plan plan = { .mode = SINK_OK };
	struct http_sink *sink;
	sigset_t signals;
	char *report;
	int signal;

	for (int i = 1; i < argc; i++) {
		if (!set(&config, &plan, argv[i])) {
			return 2;
		}
	}
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	sink = http_sink_start(&config);
	http_sink_plan(sink, &plan);
	(void)printf("port %u\n", http_sink_port(sink));
	(void)fflush(stdout);
	(void)sigwait(&signals, &signal);
	http_sink_show(sink);
	report = http_sink_report(sink);
	(void)fputs(report, stdout);
	free(report);
	http_sink_stop(&sink);
	return 0;
}
