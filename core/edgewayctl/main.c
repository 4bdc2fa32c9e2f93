/* SPDX-License-Identifier: Apache-2.0 */
/*
 * edgewayctl: the command line of a running edgewayd. Looks a command up and
 * lets its group do the rest.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "core/base/check.h"
#include "core/base/text.h"
#include "core/edgewayctl/command.h"

static const struct command *const groups[] = {
	commands_look, commands_store, commands_letters, commands_tags, commands_write,
	commands_admin, commands_record, commands_test, commands_token, commands_ask,
};

#define MAIN_COMMANDS_MAX  64

static const struct command *main_find(const char *name, const char **near_out)
{
	const char *names[MAIN_COMMANDS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < array_count(groups); i++) {
		for (const struct command *at = groups[i]; at->name != NULL; at++) {
			if (strcmp(at->name, name) == 0) {
				return at;
			}
			check(count < MAIN_COMMANDS_MAX);
			names[count++] = at->name;
		}
	}
	*near_out = text_suggest(name, names, count);
	return NULL;
}

static void main_help(void)
{
	puts("usage: edgewayctl [OPTION...] COMMAND [ARGUMENT...]\n\n"
	     "Look at and control a running edgewayd.\n");
	for (size_t i = 0; i < array_count(groups); i++) {
		for (const struct command *at = groups[i]; at->name != NULL; at++) {
			printf("  %-9s %-19s %s\n", at->name, at->arguments, at->summary);
		}
	}
	puts("\n"
	     "  --socket PATH          the daemon's control socket\n"
	     "                         (" EW_RUN_DIR "/control.sock, or $EDGEWAY_SOCKET)\n"
	     "  --json                 one JSON object a line instead of a table\n"
	     "  -h, --help             this text; after a command: what it takes\n"
	     "  -V, --version          the version of this program\n"
	     "\n"
	     "Exit status: 0 done, 1 the daemon refused, 2 a wrong command line, 3 no daemon\n"
	     "answers, 4 a write was handed over and not answered in time.");
}

/* No command has this name: an instance or a module may. */
static int main_ask(struct client *client, int argc, char **argv, const char *near)
{
	const struct command *ask = &commands_ask[0];
	struct buf request;
	int status = CTL_USAGE;

	if (argc > 1 && strcmp(argv[1], commands_test[0].name) == 0) {
		/* "rules test FILE" is "test rules FILE" */
		argv[1] = argv[0];
		argv[0] = (char *)(uintptr_t)commands_test[0].name;
		return command_run(&commands_test[0], client, argc, argv);
	}
	if (argc <= ask->most) {
		client_begin(&request, ask->name);
		status = ask->run(client, &request, argc, argv);
	}
	if (status == CTL_OK || (argc > 1 && status != CTL_UNREACHABLE)) {
		return status; /* whoever names words of a module means one */
	}
	(void)client_fail(status, "'%s' is no command%s%s%s", argv[0],
			  near != NULL ? ", did you mean '" : "", near != NULL ? near : "",
			  near != NULL ? "'?" : "");
	return status == CTL_UNREACHABLE ? CTL_USAGE : status;
}

static int main_command(struct client *client, int argc, char **argv)
{
	const struct command *command;
	const char *near = NULL;

	command = main_find(argv[0], &near);
	return command == NULL ? main_ask(client, argc, argv, near)
			       : command_run(command, client, argc, argv);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct client client;
	int which, status;

	client_init(&client);
	client.socket = getenv("EDGEWAY_SOCKET");
	if (client.socket == NULL) {
		client.socket = EW_RUN_DIR "/control.sock";
	}
	while ((which = getopt_long(argc, argv, "+hV", options, NULL)) >= 0) {
		switch (which) {
		case 's':
			client.socket = optarg;
			break;
		case 'j':
			client.json = true;
			break;
		case 'h':
			main_help();
			return CTL_OK;
		case 'V':
			puts("edgewayctl " PACKAGE_VERSION);
			return CTL_OK;
		default:
			return client_fail(CTL_USAGE, "'edgewayctl --help' lists the options");
		}
	}
	if (optind == argc) {
		return client_fail(CTL_USAGE, "no command ('edgewayctl --help' lists them)");
	}
	status = main_command(&client, argc - optind, argv + optind);
	client_fini(&client);
	if (fflush(stdout) != 0 && status == CTL_OK) {
		status = client_fail(CTL_REFUSED, "cannot write to the standard output");
	}
	return status;
}
