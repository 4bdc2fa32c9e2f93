/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test: an instance of a configuration over recorded samples. It is edgewayd
 * that runs it, without being a daemon: the modules, the configuration and the
 * bus are its own.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/edgewayctl/command.h"

#define TEST_ARGUMENTS_MAX  16
#define TEST_PATH_MAX       4096

/* The edgewayd of this edgewayctl: beside it in a build tree, else as installed. */
static const char *test_find_daemon(char *out, size_t size)
{
	ssize_t used = readlink("/proc/self/exe", out, size - 1);
	char *slash;

	out[used > 0 ? used : 0] = '\0';
	slash = strrchr(out, '/');
	if (slash != NULL) {
		*slash = '\0';
		(void)snprintf(out + strlen(out), size - strlen(out), "/edgewayd");
		if (access(out, X_OK) == 0) {
			return out;
		}
	}
	return EW_SBIN_DIR "/edgewayd";
}

static int test_run(struct client *client, struct buf *request, int argc, char **argv)
{
	char daemon[TEST_PATH_MAX + sizeof("/edgewayd")];
	const char *arguments[TEST_ARGUMENTS_MAX] = { NULL };
	struct json_object options;
	const char *data, *modules;
	size_t count = 0;
	int status;

	(void)argc;
	status = command_options(request, &options);
	data = status == CTL_OK ? json_text(&options, "data") : NULL;
	if (status == CTL_OK && data == NULL) {
		status = client_fail(CTL_USAGE, "test: over which record? Give --data FILE, made by"
				     " 'edgewayctl record'");
	}
	if (status != CTL_OK) {
		buf_fini(request);
		return status;
	}
	modules = json_text(&options, "modules");
	arguments[count++] = test_find_daemon(daemon, TEST_PATH_MAX);
	arguments[count++] = "--rehearse";
	arguments[count++] = data;
	arguments[count++] = "--instance";
	arguments[count++] = argv[0];
	if (client->json || json_is_true(&options, "json")) {
		arguments[count++] = "--json";
	}
	if (json_is_true(&options, "all")) {
		arguments[count++] = "--all";
	}
	if (modules != NULL) {
		arguments[count++] = "--module-dir";
		arguments[count++] = modules;
	}
	arguments[count++] = "--config";
	arguments[count++] = argv[1];
	(void)execv(arguments[0], (char *const *)(uintptr_t)arguments);
	status = client_fail(CTL_UNREACHABLE, "cannot run '%s': %s", arguments[0], strerror(errno));
	buf_fini(request);
	return status;
}

const struct command commands_test[] = {
	{ .name = "test", .arguments = "NAME FILE --data DATA",
	  .summary = "run an instance of FILE over recorded samples, offline",
	  .more = "NAME is the instance, or its module where there is one of it. The instance\n"
		  "runs in virtual time, on the samples that 'record' made; nothing is written to\n"
		  "a plant and no daemon is needed. What it would have done is told with the time\n"
		  "and why: writes, fail-safe values, alarms, its own tags. Instead of 'test\n"
		  "rules FILE' it is enough to say 'rules test FILE'. Exit status: 0 it ran, 78\n"
		  "the configuration or the data is wrong, 1 all else.",
	  .least = 2, .most = 2, .permutes = true,
	  .options = { { "data", "DATA", "data", "the record, a CSV" },
		       { "all", NULL, "all", "show renewals and every value of its tags, too" },
		       { "json", NULL, "json", "one JSON object a line" },
		       { "module-dir", "DIR", "modules", "where edgewayd finds its modules" } },
	  .run = test_run },
	{ .name = NULL },
};
