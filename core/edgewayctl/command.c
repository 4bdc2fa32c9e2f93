/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a command's row to its run: options, number of arguments, help.
 */
#include "core/edgewayctl/command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"

#define COMMAND_HELP  'h'
#define COMMAND_FIRST 0x100     /* value of the first of the command's own options */

void command_help(const struct command *command)
{
	printf("usage: edgewayctl [OPTION...] %s%s%s\n\n%s\n", command->name,
	       *command->arguments != '\0' ? " " : "", command->arguments, command->summary);
	if (command->more != NULL) {
		printf("\n%s\n", command->more);
	}
	for (size_t i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name != NULL; i++) {
		const struct command_option *option = &command->options[i];
		char name[48];

		(void)snprintf(name, sizeof(name), "--%s%s%s", option->name,
			       option->value != NULL ? " " : "",
			       option->value != NULL ? option->value : "");
		printf("%s  %-22s %s\n", i == 0 ? "\n" : "", name, option->help);
	}
}

static int command_usage(const struct command *command)
{
	return client_fail(CTL_USAGE, "usage: %s%s%s ('edgewayctl %s --help' says more)",
			   command->name, *command->arguments != '\0' ? " " : "",
			   command->arguments, command->name);
}

/* Numbers and flags go as text too: the daemon reads them, and says what is wrong. */
static void command_add(struct buf *request, const struct command_option *option,
			const char *value)
{
	if (option->value == NULL) {
		json_add_bool(request, option->key, true);
	} else {
		json_add_text(request, option->key, value);
	}
}

int command_options(struct buf *request, struct json_object *options_out)
{
	json_end(request);
	if (request->fault != 0 || json_read(request->at, request->size, options_out) != 0) {
		return client_fail(CTL_USAGE, "an option is given twice, or too long");
	}
	return CTL_OK;
}

int command_run(const struct command *command, struct client *client, int argc, char **argv)
{
	struct option options[COMMAND_OPTIONS_MAX + 2] = {
		{ "help", no_argument, NULL, COMMAND_HELP },
	};
	const char *letters = command->permutes ? "h" : "+h";
	struct buf request;
	int which;

	for (size_t i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name != NULL; i++) {
		options[i + 1] = (struct option){
			.name = command->options[i].name,
			.has_arg = command->options[i].value != NULL ? required_argument
								     : no_argument,
			.val = COMMAND_FIRST + (int)i,
		};
	}
	client_begin(&request, command->name);
	optind = 0; /* glibc: start anew */
	while ((which = getopt_long(argc, argv, letters, options, NULL)) >= 0) {
		if (which == COMMAND_HELP) {
			buf_fini(&request);
			command_help(command);
			return CTL_OK;
		}
		if (which < COMMAND_FIRST) {
			buf_fini(&request);
			return command_usage(command);
		}
		command_add(&request, &command->options[which - COMMAND_FIRST], optarg);
	}
	argc -= optind;
	argv += optind;
	if (argc < command->least || argc > command->most) {
		buf_fini(&request);
		return command_usage(command);
	}
	return command->run(client, &request, argc, argv);
}
