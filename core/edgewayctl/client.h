/* SPDX-License-Identifier: Apache-2.0 */
/*
 * edgewayctl's end of the control socket, and how it shows what comes back:
 * a table for people, the lines as they came with --json. One thread.
 */
#ifndef CORE_EDGEWAYCTL_CLIENT_H
#define CORE_EDGEWAYCTL_CLIENT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/json.h"

/* Exit statuses; edgewayctl(1) lists them. */
enum {
	CTL_OK = 0,
	CTL_REFUSED = 1,        /* the daemon said no */
	CTL_USAGE = 2,          /* a wrong command line */
	CTL_UNREACHABLE = 3,    /* no daemon, or it went away */
	CTL_UNKNOWN = 4         /* a write was handed over and not answered in time */
};

struct client {
	const char *socket;     /* path */
	bool json;              /* show lines as they come */
	int fd;                 /* -1: not connected */
	struct buf in;
	size_t used;            /* bytes of it that the last row took */
	struct buf line;        /* the last row as it came */
	const volatile sig_atomic_t *is_over;   /* not 0: its end is what was wanted; may be NULL */
};

struct column {
	const char *key;        /* of the row's field */
	const char *title;
	unsigned min;           /* width, for tables that never end */
	bool right;             /* numbers */
};

void client_init(struct client *client);
void client_fini(struct client *client);

/* Begin a request in `request`: fields may be added, client_send() ends it. */
void client_begin(struct buf *request, const char *command);

/* CTL_OK or an exit status, told. Connects first. Frees the request. */
int client_send(struct client *client, struct buf *request);

/*
 * The next row. CTL_OK: it is in object_out (and in *line_out as it came);
 * -1: the answer has ended well; else an exit status, told.
 */
int client_next(struct client *client, struct json_object *object_out, const char **line_out);

/* Send, then show every row. `streams`: print each at once. */
int client_show(struct client *client, struct buf *request, const struct column *columns,
		bool streams);

/* As client_show() for one row, a field a line. */
int client_show_facts(struct client *client, struct buf *request);

/* Print an error the way all of edgewayctl does. Returns `status`. */
int client_fail(int status, const char *fmt, ...) EW_PRINTF(2, 3);

#endif
