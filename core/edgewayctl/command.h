/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of edgewayctl's commands: one row a command, one file a group.
 * The rows are the command line, the help and the manual page.
 */
#ifndef CORE_EDGEWAYCTL_COMMAND_H
#define CORE_EDGEWAYCTL_COMMAND_H

#include "core/edgewayctl/client.h"

/* An option of a command: its value goes into the request under `key`. */
struct command_option {
	const char *name;       /* without the dashes */
	const char *value;      /* "N", "DURATION"; NULL: it takes none */
	const char *key;        /* of the request; NULL: for the command itself */
	const char *help;
};

#define COMMAND_OPTIONS_MAX  5

struct command {
	const char *name;
	const char *arguments;  /* "TAG VALUE", "[GLOB]" */
	const char *summary;
	const char *more;       /* what else to know; may be NULL */
	int least, most;        /* arguments */
	bool permutes;          /* options may follow arguments, none of which begins with '-' */
	struct command_option options[COMMAND_OPTIONS_MAX];

	/* argv[0] is the first argument; `request` holds the options. */
	int (*run)(struct client *client, struct buf *request, int argc, char **argv);
};

/* Groups, each ended by a NULL name. */
extern const struct command commands_look[];
extern const struct command commands_store[];
extern const struct command commands_letters[];
extern const struct command commands_tags[];
extern const struct command commands_write[];
extern const struct command commands_admin[];
extern const struct command commands_token[];
extern const struct command commands_ask[];
extern const struct command commands_record[];
extern const struct command commands_test[];

/* Parse the command's own options and arguments, and run it. */
int command_run(const struct command *command, struct client *client, int argc, char **argv);

/*
 * The options as fields, for a command that sends no request of its own. They
 * borrow from `request`, which the caller still frees. CTL_OK, or told.
 */
int command_options(struct buf *request, struct json_object *options_out);

void command_help(const struct command *command);

#endif
