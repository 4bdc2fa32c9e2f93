/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of edgewayd. One table says which options there are; the
 * help text and the manual are made of it.
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "core/base/check.h"
#include "core/daemon/daemon.h"
#include "core/daemon/look.h"
#include "core/daemon/run.h"

enum {
	OPT_CHECK = 0x100,
	OPT_PRINT,
	OPT_DESCRIBE,
	OPT_MAN,
	OPT_SCHEMA,
	OPT_SAFE,
	OPT_DUMP_STORE,
	OPT_REHEARSE,
	OPT_INSTANCE,
	OPT_JSON,
	OPT_ALL,
	OPT_COUNT_STORE,
	OPT_STATE_DIR,
	OPT_RUN_DIR,
	OPT_MODULE_DIR,
	OPT_GROUP
};

static const struct main_option {
	const char *name;
	int value;              /* a letter: there is a short form */
	const char *argument;   /* in brackets: it may be left out */
	const char *help;
} main_options[] = {
	{ "config", 'c', "FILE", "the configuration (" EW_CONFIG_DIR "/edgeway.yaml)" },
	{ "check", OPT_CHECK, NULL, "say what is wrong with the configuration, and end" },
	{ "print", OPT_PRINT, NULL, "with --check: print it as it is understood, secrets masked" },
	{ "describe", OPT_DESCRIBE, "[MODULE]", "explain every key of the configuration, or of a "
						"module" },
	{ "man", OPT_MAN, NULL, "with --describe: as a part of a manual page" },
	{ "schema", OPT_SCHEMA, NULL, "print the configuration's JSON Schema" },
	{ "safe", OPT_SAFE, NULL, "start core and metrics only" },
	{ "dump-store", OPT_DUMP_STORE, "DIR", "print what a store or a journal holds, as lines of "
					       "JSON" },
	{ "rehearse", OPT_REHEARSE, "DATA", "run an instance over recorded samples in virtual "
					    "time, and say what it does" },
	{ "instance", OPT_INSTANCE, "NAME", "with --rehearse: which, or its module" },
	{ "json", OPT_JSON, NULL, "with --rehearse: as lines of JSON" },
	{ "all", OPT_ALL, NULL, "with --rehearse: renewals and every value, too" },
	{ "count-store", OPT_COUNT_STORE, "DIR", "the ledger by tag: what a store holds of each, "
						 "and how far its receivers are" },
	{ "state-dir", OPT_STATE_DIR, "DIR", "what outlives a restart (" EW_STATE_DIR ")" },
	{ "run-dir", OPT_RUN_DIR, "DIR", "the control socket is here (" EW_RUN_DIR ")" },
	{ "module-dir", OPT_MODULE_DIR, "DIR", "modules are here (" EW_MODULE_DIR ")" },
	{ "control-group", OPT_GROUP, "NAME", "members may use the control socket, as root may" },
	{ "help", 'h', NULL, "print this text" },
	{ "version", 'V', NULL, "print the version" },
};

#define MAIN_OPTIONS  array_count(main_options)

struct main_line {
	struct daemon_options options;
	enum {
		MAIN_RUN, MAIN_CHECK, MAIN_DESCRIBE, MAIN_SCHEMA, MAIN_DUMP, MAIN_COUNT,
		MAIN_REHEARSE, MAIN_END
	} what;
	bool print;
	bool man;
	const char *store;      /* of --dump-store and --count-store */
	struct rehearsal_plan rehearsal;
	const char *module;     /* of --describe; NULL: the daemon */
	int status;             /* MAIN_END */
};

static void main_help(void)
{
	puts("usage: edgewayd [OPTION...] [FILE]\n\n"
	     "Run the gateway that FILE describes.\n");
	for (size_t i = 0; i < MAIN_OPTIONS; i++) {
		const struct main_option *option = &main_options[i];
		char name[64];

		(void)snprintf(name, sizeof(name), "--%s%s%s", option->name,
			       option->argument != NULL ? " " : "",
			       option->argument != NULL ? option->argument : "");
		if (option->value < OPT_CHECK) {
			printf("  -%c, %-21s %s\n", option->value, name, option->help);
		} else {
			printf("      %-21s %s\n", name, option->help);
		}
	}
	puts("\nExit status: 0 stopped as asked or nothing wrong, 1 it could not start or had to\n"
	     "end, 2 a wrong command line, 78 a wrong configuration.");
}

static int main_usage(const char *text, const char *what)
{
	fprintf(stderr, "edgewayd: %s '%s' ('edgewayd --help' lists the options)\n", text, what);
	return DAEMON_EXIT_USAGE;
}

static int main_take_group(struct main_line *line, const char *name)
{
	const struct group *group = getgrnam(name);

	if (group == NULL) {
		return main_usage("there is no group", name);
	}
	line->options.group = group->gr_gid;
	return 0;
}

/* One option. Not 0: the status to end with. */
static int main_take(struct main_line *line, int which, const char *value)
{
	switch (which) {
	case 'c':
		line->options.config = value;
		return 0;
	case OPT_CHECK:
		line->what = MAIN_CHECK;
		return 0;
	case OPT_PRINT:
		line->print = true;
		return 0;
	case OPT_DESCRIBE:
		line->what = MAIN_DESCRIBE;
		line->module = value;
		return 0;
	case OPT_MAN:
		line->man = true;
		return 0;
	case OPT_SCHEMA:
		line->what = MAIN_SCHEMA;
		return 0;
	case OPT_COUNT_STORE:
		line->what = MAIN_COUNT;
		line->store = value;
		return 0;
	case OPT_DUMP_STORE:
		line->what = MAIN_DUMP;
		line->store = value;
		return 0;
	case OPT_REHEARSE:
		line->what = MAIN_REHEARSE;
		line->rehearsal.data = value;
		return 0;
	case OPT_INSTANCE:
		line->rehearsal.instance = value;
		return 0;
	case OPT_JSON:
		line->rehearsal.json = true;
		return 0;
	case OPT_ALL:
		line->rehearsal.all = true;
		return 0;
	case OPT_SAFE:
		line->options.safe = true;
		return 0;
	case OPT_STATE_DIR:
		line->options.state_dir = value;
		return 0;
	case OPT_RUN_DIR:
		line->options.run_dir = value;
		return 0;
	case OPT_MODULE_DIR:
		line->options.module_dir = value;
		return 0;
	case OPT_GROUP:
		return main_take_group(line, value);
	case 'h':
		main_help();
		line->what = MAIN_END;
		return 0;
	case 'V':
		puts("edgewayd " PACKAGE_VERSION);
		line->what = MAIN_END;
		return 0;
	default:
		fputs("'edgewayd --help' lists the options\n", stderr);
		return DAEMON_EXIT_USAGE;
	}
}

static int main_read(int argc, char **argv, struct main_line *line)
{
	struct option options[MAIN_OPTIONS + 1] = { { 0 } };
	int which, status;

	for (size_t i = 0; i < MAIN_OPTIONS; i++) {
		const char *argument = main_options[i].argument;

		options[i] = (struct option){
			.name = main_options[i].name,
			.has_arg = argument == NULL  ? no_argument
				   : *argument == '[' ? optional_argument
						      : required_argument,
			.val = main_options[i].value,
		};
	}
	while ((which = getopt_long(argc, argv, "c:hV", options, NULL)) >= 0) {
		status = main_take(line, which, optarg);
		if (status != 0 || line->what == MAIN_END) {
			return status;
		}
	}
	if (line->what == MAIN_DESCRIBE && line->module == NULL && optind < argc) {
		line->module = argv[optind++];
	} else if (optind < argc) {
		line->options.config = argv[optind++];
	}
	if (optind < argc) {
		return main_usage("one argument too many:", argv[optind]);
	}
	if (line->print && line->what != MAIN_CHECK) {
		return main_usage("--print goes with", "--check");
	}
	if (line->what != MAIN_REHEARSE && (line->rehearsal.instance != NULL ||
					    line->rehearsal.json || line->rehearsal.all)) {
		return main_usage("--instance, --json and --all go with", "--rehearse");
	}
	return 0;
}

int ew_daemon_main(int argc, char **argv)
{
	struct main_line line = {
		.options = {
			.config = EW_CONFIG_DIR "/edgeway.yaml", .run_dir = EW_RUN_DIR,
			.module_dir = EW_MODULE_DIR, .group = (gid_t)-1,
		},
	};
	int status = main_read(argc, argv, &line);

	if (status != 0) {
		return status;
	}
	switch (line.what) {
	case MAIN_RUN:
		return daemon_run(&line.options);
	case MAIN_CHECK:
		return look_check(&line.options, line.print);
	case MAIN_DESCRIBE:
		return look_describe(&line.options, line.module, line.man);
	case MAIN_SCHEMA:
		return look_schema(&line.options);
	case MAIN_DUMP:
		return look_store(line.store);
	case MAIN_REHEARSE:
		return look_rehearse(&line.options, &line.rehearsal);
	case MAIN_COUNT:
		return look_count(line.store);
	case MAIN_END:
		break;
	}
	return DAEMON_EXIT_OK;
}
